/**
 * QuickJS-ng as WebAssembly, one instance a script: what the script may ever touch is the memory of that instance and one
 * function of ours that takes and gives texts. The binary and its C interface come from the package quickjs-wasi; its own wrapper cannot suspend,
 * and that is what we need: by JSPI (WebAssembly.Suspending, .promising) a script waits for an answer, or lets others have
 * their turn, in the midst of its run, while the isolate goes on (decision 0059). quickjs.wasm is that binary with every loop
 * counted (scripts/gen-interpreter.ts, decision 0060), so that nothing in it runs on for long unasked.
 */
import { messageOf } from '../../core/errors.ts';

/** What this file uses of the binary; all are pointers into its memory, or numbers. */
interface Exports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  readonly _initialize: () => void;
  readonly qjs_init: () => number;
  readonly qjs_set_memory_limit: (bytes: number) => void;
  readonly qjs_set_max_stack_size: (bytes: number) => void;
  readonly qjs_eval: (code: number, bytes: number, fileName: number, flags: number) => number;
  readonly qjs_call: (fn: number, self: number, count: number, args: number) => number;
  readonly qjs_execute_pending_job: () => number;
  readonly qjs_is_job_pending: () => number;
  readonly qjs_is_exception: (value: number) => number;
  readonly qjs_get_exception: () => number;
  readonly qjs_new_host_function: (name: number, bytes: number, count: number) => number;
  readonly qjs_new_string: (text: number, bytes: number) => number;
  readonly qjs_is_string: (value: number) => number;
  readonly qjs_get_string_len: (value: number, bytesOut: number) => number;
  readonly qjs_free_cstring: (text: number) => void;
  readonly qjs_get_global: () => number;
  readonly qjs_get_undefined: () => number;
  readonly qjs_set_prop_string: (object: number, name: number, value: number) => number;
  readonly qjs_free_value: (value: number) => void;
  readonly wasm_malloc: (bytes: number) => number;
  readonly wasm_free: (pointer: number) => void;
}

type Promising<F extends (...args: never[]) => number> = (...args: Parameters<F>) => Promise<number>;

/** The types of the platform do not know them yet. */
const { Suspending, promising } = WebAssembly as unknown as {
  readonly Suspending: new (fn: (...args: number[]) => number | Promise<number>) => WebAssembly.ImportValue;
  readonly promising: <F extends (...args: never[]) => number>(fn: F) => Promising<F>;
};

export interface EngineHooks {
  /** The script asks for something; while a promise is under way the script stands still. What it throws ends the script. */
  readonly ask: (what: string, about: string) => string | Promise<string>;
  /** Called each millisecond or so while the script computes; true pauses it. */
  readonly interrupt: () => boolean;
  /** The script stands still until it resolves; true ends it then, whatever it would catch. */
  readonly pause: () => Promise<boolean>;
}

export interface EngineLimits {
  readonly memoryBytesMax: number;
  readonly stackBytesMax: number;
}

/** The script broke the interpreter itself (a stack of the platform that ended, no memory to say so); it is of no more use. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

const encoder = new TextEncoder();
/** A lone surrogate comes out as U+FFFD. */
const decoder = new TextDecoder();

export class Engine {
  readonly #exports: Exports;
  readonly #eval: Promising<Exports['qjs_eval']>;
  readonly #call: Promising<Exports['qjs_call']>;
  readonly #job: Promising<Exports['qjs_execute_pending_job']>;
  /** A cell for numbers that functions of the binary give back by pointer. */
  readonly #cell: number;
  /** Nothing of ours stands between the script and who started it, so it can be suspended. */
  #isSuspendable = false;

  private constructor(exports: Exports) {
    this.#exports = exports;
    this.#eval = promising(exports.qjs_eval);
    this.#call = promising(exports.qjs_call);
    this.#job = promising(exports.qjs_execute_pending_job);
    this.#cell = exports.wasm_malloc(4);
  }

  /** `ask(what, about)` is the only thing in the script's global object that is not the language's own. */
  static async create(module: WebAssembly.Module, hooks: EngineHooks, limits: EngineLimits): Promise<Engine> {
    let engine: Engine | undefined;
    let memory: WebAssembly.Memory | undefined;
    const instance = await WebAssembly.instantiate(module, {
      env: {
        host_call: new Suspending((_name, _bytes, _self, count, args) => engine!.#asked(hooks, count, args)),
        // Both are called in counted loops only: scripts/gen-interpreter.ts.
        host_interrupt: () => (engine !== undefined && engine.#isSuspendable && hooks.interrupt() ? 1 : 0),
        host_module_load: new Suspending(async () => Number(await hooks.pause())),
        host_promise_rejection: () => undefined,
        host_module_normalize: () => 0,
        host_get_timezone_offset: () => 0,
      },
      wasi_snapshot_preview1: wasi(() => memory!),
    });
    const exports = instance.exports as Exports;
    // Already its start asks for the time.
    memory = exports.memory;
    engine = new Engine(start(exports, limits));
    engine.#giveAsk();
    return engine;
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Runs our own code, which must not fail; gives a value to `call`. */
  async evaluate(code: string): Promise<number> {
    const { qjs_is_exception, wasm_free } = this.#exports;
    const { at, bytes } = this.#write(code);
    const name = this.#write('edgedive');
    const value = await this.#run(() => this.#eval(at, bytes, name.at, 0));
    wasm_free(at);
    wasm_free(name.at);
    if (qjs_is_exception(value) !== 0) throw new EngineError(this.#thrown());
    return value;
  }

  /** Calls a function of the script with texts. What it gives is dropped, and what it throws: that is told by `ask`. */
  async call(fn: number, ...texts: readonly string[]): Promise<void> {
    const { qjs_free_value, qjs_get_undefined, qjs_is_exception, wasm_free, wasm_malloc } = this.#exports;
    const values = texts.map((text) => this.#newString(text));
    const list = wasm_malloc(4 * values.length);
    const cells = new DataView(this.#exports.memory.buffer);
    values.forEach((value, index) => cells.setUint32(list + 4 * index, value, true));
    const answer = await this.#run(() => this.#call(fn, qjs_get_undefined(), values.length, list));
    wasm_free(list);
    for (const value of values) qjs_free_value(value);
    if (qjs_is_exception(answer) !== 0) this.#thrown();
    qjs_free_value(answer);
  }

  /** Runs one job of the queue of promises. False when there is none. */
  async job(): Promise<boolean> {
    if (this.#exports.qjs_is_job_pending() === 0) return false;
    if ((await this.#run(() => this.#job())) < 0) this.#thrown();
    return true;
  }

  async #run(enter: () => Promise<number>): Promise<number> {
    this.#isSuspendable = true;
    try {
      return await enter();
    } catch (error) {
      throw new EngineError(messageOf(error));
    } finally {
      this.#isSuspendable = false;
    }
  }

  /** What was thrown last, if it is a text; it is taken. */
  #thrown(): string {
    const value = this.#exports.qjs_get_exception();
    const text = this.#textOf(value);
    this.#exports.qjs_free_value(value);
    return text;
  }

  #giveAsk(): void {
    const { qjs_get_global, qjs_new_host_function, qjs_set_prop_string, qjs_free_value, wasm_free } =
      this.#exports;
    const name = this.#write('ask');
    const fn = qjs_new_host_function(name.at, name.bytes, 2);
    const global = qjs_get_global();
    qjs_set_prop_string(global, name.at, fn);
    qjs_free_value(global);
    wasm_free(name.at);
  }

  #asked(hooks: EngineHooks, count: number, args: number): number | Promise<number> {
    this.#isSuspendable = false;
    const cells = new DataView(this.#exports.memory.buffer);
    const [what = '', about = ''] = Array.from({ length: Math.min(count, 2) }, (_, index) =>
      this.#textOf(cells.getUint32(args + 4 * index, true)),
    );
    const answer = hooks.ask(what, about);
    return typeof answer === 'string' ? this.#answered(answer) : answer.then((text) => this.#answered(text));
  }

  #answered(text: string): number {
    const value = this.#newString(text);
    this.#isSuspendable = true;
    return value;
  }

  /** '' for what is no text: to make one could run code of the script where it cannot be suspended. */
  #textOf(value: number): string {
    const { memory, qjs_is_string, qjs_get_string_len, qjs_free_cstring } = this.#exports;
    if (qjs_is_string(value) === 0) return '';
    const at = qjs_get_string_len(value, this.#cell);
    if (at === 0) return '';
    const bytes = new DataView(memory.buffer).getUint32(this.#cell, true);
    const text = decoder.decode(new Uint8Array(memory.buffer, at, bytes));
    qjs_free_cstring(at);
    return text;
  }

  #newString(text: string): number {
    const { at, bytes } = this.#write(text);
    const value = this.#exports.qjs_new_string(at, bytes);
    this.#exports.wasm_free(at);
    return value;
  }

  /** Copies a text into the instance; whoever asked frees it. */
  #write(text: string): { readonly at: number; readonly bytes: number } {
    const encoded = encoder.encode(text);
    const at = this.#exports.wasm_malloc(encoded.length + 1);
    if (at === 0) throw new EngineError('out of memory');
    const memory = new Uint8Array(this.#exports.memory.buffer);
    memory.set(encoded, at);
    memory[at + encoded.length] = 0;
    return { at, bytes: encoded.length };
  }
}

function start(exports: Exports, { memoryBytesMax, stackBytesMax }: EngineLimits): Exports {
  exports._initialize();
  if (exports.qjs_init() !== 0) throw new EngineError('the interpreter does not start');
  exports.qjs_set_memory_limit(memoryBytesMax);
  exports.qjs_set_max_stack_size(stackBytesMax);
  return exports;
}

const WASI_OK = 0;
const WASI_NO_SUCH_FILE = 8;

/** The clock and chance are all that a script has of the world below it. */
function wasi(memory: () => WebAssembly.Memory): Record<string, (...args: never[]) => number> {
  const none = (): number => WASI_NO_SUCH_FILE;
  return {
    clock_time_get: (_clock: number, _precision: bigint, at: number) => {
      new DataView(memory().buffer).setBigUint64(at, BigInt(Date.now()) * 1_000_000n, true);
      return WASI_OK;
    },
    random_get: (at: number, bytes: number) => {
      crypto.getRandomValues(new Uint8Array(memory().buffer, at, bytes));
      return WASI_OK;
    },
    fd_close: none,
    fd_fdstat_get: none,
    fd_seek: none,
    fd_write: none,
  };
}
