/**
 * Runs JavaScript of users: `runScript({ source, args, api, limits })`. The source is a function, or a program whose last value
 * is one; it is called with the arguments, a promise that it returns is awaited, and the answer is its result as JSON. What it may reach is the API,
 * through `api`, with whatever rights that has (inner-api.ts makes one of a request's principal); nothing else of the analyzer.
 * It runs beside everything else of the isolate: every ten milliseconds or so others have their turn.
 */
import { messageOf } from '../../core/errors.ts';
import { limits as bounds } from '../../core/limits.ts';
import { Engine } from './engine.ts';
import { PRELUDE } from './prelude.ts';

export interface ApiRequest {
  readonly method: string;
  /** A path with its query, of no other host. */
  readonly url: string;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

export interface ScriptLimits {
  readonly timeMs: number;
  readonly memoryBytes: number;
  /** Requests to the API. */
  readonly queries: number;
}

export interface Script {
  readonly source: string;
  readonly args: readonly unknown[];
  readonly api: (request: ApiRequest) => Promise<ApiAnswer>;
  readonly limits: ScriptLimits;
}

/** What `console.log` was given, cut at `scriptLogCharsMax`. */
type Logged = { readonly log: string };
export type ScriptOutcome = Logged &
  (
    | { readonly ok: true; readonly json: string }
    /** It does not compile; it threw; it was ended by a limit. */
    | { readonly ok: false; readonly why: 'uncompiled' | 'failed' | 'limit'; readonly text: string }
  );

/** Interrupts (a millisecond or two each) before others have their turn. */
const INTERRUPTS_A_TURN = 5;
/** So long after its time a script is gone, with whoever called it. */
const GONE_MS = 1_000;
/** Jobs of promises before others have theirs. */
const JOBS_A_TURN = 1_000;

export async function runScript(script: Script): Promise<ScriptOutcome> {
  return new Run(script).outcome();
}

type Ended = { readonly ok: true; readonly json: string } | Failed;
type Failed = { readonly ok: false; readonly why: 'uncompiled' | 'failed' | 'limit'; readonly text: string };

/** All that run in this isolate, whose memory is theirs, and until when: who calls may go without a word. */
const running = new Map<Engine, number>();

class Run {
  readonly #script: Script;
  readonly #deadlineMs: number;
  readonly #ended = Promise.withResolvers<Ended>();
  /** Rejects when the script is over: what it waits for throws, so that its stack goes at once and its memory with it. */
  readonly #over: Promise<never>;
  #isOver = false;
  #engine: Engine | undefined;
  #log = '';
  #queries = 0;
  #interrupts = 0;
  /** Answers that the script is yet to be told, and how many are still to come. */
  readonly #answers: (readonly [id: string, answer: string])[] = [];
  #awaited = 0;
  #wake: () => void = () => undefined;

  constructor(script: Script) {
    this.#script = script;
    this.#deadlineMs = Date.now() + script.limits.timeMs;
    this.#over = this.#ended.promise.then(() => {
      throw new ScriptOver();
    });
    this.#over.catch(() => undefined);
  }

  async outcome(): Promise<ScriptOutcome> {
    const late = new AbortController();
    scheduler.wait(this.#script.limits.timeMs, { signal: late.signal }).then(
      () => this.#tooLate(),
      () => undefined,
    );
    this.#go().catch((error: unknown) => this.#broke(error));
    try {
      return { ...(await this.#ended.promise), log: this.#log };
    } finally {
      late.abort();
      if (this.#engine !== undefined) running.delete(this.#engine);
    }
  }

  async #go(): Promise<void> {
    const { source, args, limits } = this.#script;
    // Only here: a Worker that runs no script loads none of it.
    const { default: module } = await import('./quickjs.wasm');
    const engine = await Engine.create(
      module,
      {
        ask: (what, about) => this.#asked(what, about),
        interrupt: () => this.#isTurnOver(),
        pause: async () => this.#pause(),
      },
      { memoryBytesMax: limits.memoryBytes, stackBytesMax: bounds.scriptStackBytesMax },
    );
    this.#engine = engine;
    running.set(engine, this.#deadlineMs);
    const enter = await engine.evaluate(PRELUDE);
    await engine.call(enter, 'start', source, JSON.stringify(args));
    while (!this.#isOver) {
      await this.#jobs(engine);
      if (this.#isOver) return;
      const answer = this.#answers.shift();
      if (answer !== undefined) await engine.call(enter, 'answer', ...answer);
      else if (this.#awaited > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      else return this.#fail('failed', 'Error: the script waits for a promise that nothing will settle');
    }
  }

  async #jobs(engine: Engine): Promise<void> {
    for (let jobs = 1; !this.#isOver && (await engine.job()); jobs++)
      if (jobs % JOBS_A_TURN === 0) await this.#othersTurn();
  }

  #end(ended: Ended): void {
    this.#isOver = true;
    this.#ended.resolve(ended);
    this.#wake();
  }

  #fail(why: Failed['why'], text: string): void {
    const cut =
      text.length > bounds.scriptErrorCharsMax ? `${text.slice(0, bounds.scriptErrorCharsMax)}…` : text;
    this.#end({ ok: false, why, text: cut });
  }

  #tooLate(): void {
    this.#fail(
      'limit',
      `the script ran longer than ${this.#script.limits.timeMs} ms (setting workflow.time)`,
    );
  }

  /** The interpreter itself gave up: its stack in the platform ended, or there was no memory even for what it wanted to say. */
  #broke(error: unknown): void {
    if (!this.#isOver) this.#fail('limit', `the script broke the interpreter: ${messageOf(error)}`);
  }

  #isTurnOver(): boolean {
    return this.#isOver || ++this.#interrupts % INTERRUPTS_A_TURN === 0;
  }

  async #pause(): Promise<boolean> {
    if (!this.#isOver) await this.#othersTurn();
    return this.#isOver;
  }

  async #othersTurn(): Promise<void> {
    await scheduler.wait(0);
    if (this.#isOver) return;
    if (Date.now() >= this.#deadlineMs) this.#tooLate();
    let bytes = 0;
    for (const [engine, untilMs] of running)
      if (untilMs + GONE_MS < Date.now()) running.delete(engine);
      else bytes += engine.memoryBytes;
    const most = bounds.scriptsMemoryBytesMax;
    if (bytes > most && this.#engine!.memoryBytes > most / running.size)
      this.#fail(
        'limit',
        `all scripts together use more than ${most} bytes, and this one more than its share`,
      );
  }

  /** Throws, or rejects, when the script is over. */
  #asked(what: string, about: string): string | Promise<string> {
    if (this.#isOver) throw new ScriptOver();
    switch (what) {
      case 'now':
        return Promise.race([this.#request(about), this.#over]);
      case 'later':
        return this.#later(about);
      case 'sleep':
        return Promise.race([this.#sleep(Number(about)), this.#over]);
      case 'log':
        this.#log = `${this.#log}${about}\n`.slice(0, bounds.scriptLogCharsMax);
        return '';
      case 'done':
        this.#done(about);
        throw new ScriptOver();
      default:
        this.#fail(what === 'uncompiled' ? what : 'failed', about);
        throw new ScriptOver();
    }
  }

  #done(json: string): void {
    if (json.length > bounds.scriptResultCharsMax)
      return this.#fail(
        'limit',
        `the result has more than ${bounds.scriptResultCharsMax} characters of JSON`,
      );
    this.#end({ ok: true, json });
  }

  async #sleep(ms: number): Promise<string> {
    await scheduler.wait(Math.min(Math.max(ms || 0, 0), this.#script.limits.timeMs));
    return '';
  }

  #later(about: string): string {
    const at = about.indexOf(' ');
    void this.#answerLater(about.slice(0, at), about.slice(at + 1));
    return '';
  }

  async #answerLater(id: string, request: string): Promise<void> {
    this.#awaited++;
    try {
      this.#answers.push([id, await this.#request(request)]);
      this.#awaited--;
      this.#wake();
    } catch (error) {
      // Over; whatever else it may be is an error of ours.
      if (!(error instanceof ScriptOver)) this.#broke(error);
    }
  }

  async #request(about: string): Promise<string> {
    const { api, limits } = this.#script;
    if (++this.#queries > limits.queries) {
      this.#fail(
        'limit',
        `the script asked the API more than ${limits.queries} times (setting workflow.queries)`,
      );
      throw new ScriptOver();
    }
    try {
      const [method = 'GET', url = '', body = ''] = JSON.parse(about) as string[];
      const { status, text } = await api({ method, url, body });
      return `${status} ${text}`;
    } catch (error) {
      return `500 ${messageOf(error)}`;
    }
  }
}

/** Unwinds the stack of a script that is over. */
class ScriptOver extends Error {
  override readonly name = 'ScriptOver';
}
