/**
 * Asks what alerts ask, soon after what they ask of has changed, and tells when an answer says something else than the last one
 * (core/alert/outcome.ts). What was said last is in the tables, so that waking says nothing twice; what was told but not yet
 * written when the object went is told again.
 */
import type { Alert, Firing } from '../../core/alert/alert.ts';
import { digestOf, saysSomething } from '../../core/alert/outcome.ts';
import { gremlinOf, intervalOf } from '../../core/alert/validate.ts';
import { messageOf } from '../../core/errors.ts';
import type { GraphEvent } from '../../core/graph/element.ts';
import { canMatter } from '../../core/graph/statistics.ts';
import { timings } from '../../core/limits.ts';
import type { AlertStore, KnownAlert } from '../store/alert-store.ts';
import { PacedRuns } from './paced-runs.ts';

export type AlertCounter = 'alertEvaluations' | 'alertFailures' | 'alertsFired';
export const alertCounters: readonly AlertCounter[] = ['alertEvaluations', 'alertFailures', 'alertsFired'];

export interface AlertStatus {
  readonly alerts: number;
  /** Alert UUID → why it could not be asked. */
  readonly alertFaults: Readonly<Record<string, string>>;
  /** Alert UUID → when it fired last, ms since 1970; those that have. */
  readonly alertFiredMs: Readonly<Record<string, number>>;
}

interface Surroundings {
  readonly store: AlertStore;
  /** The answer to Gremlin, as JSON, and how many elements were looked at. Throws what the query throws. */
  readonly ask: (gremlin: string) => Promise<{ readonly answer: unknown; readonly visited: number }>;
  /** The answer of a script. Throws what it throws, and when it takes too much. */
  readonly run: (script: string) => Promise<unknown>;
  readonly tell: (alert: Alert, firing: Firing) => Promise<void>;
  /** Whether some alert asks for flows: then the shards say when these change. */
  readonly watchFlows: (isWanted: boolean) => void;
  readonly count: (name: AlertCounter) => void;
}

interface Kept {
  readonly alert: Alert;
  readonly json: string;
  readonly asksFlows: boolean;
  readonly isGremlin: boolean;
  readonly intervalMs: number | undefined;
  /** The last interval in which it was asked, counted from its making. */
  turn: number;
  digest: string;
  firedMs: number | undefined;
}

export class AlertKeeper {
  readonly #around: Surroundings;
  readonly #alerts = new Map<string, Kept>();
  readonly #due = new Set<string>();
  readonly #faults = new Map<string, string>();
  readonly #runs = new PacedRuns(
    () => this.#evaluate(),
    timings.alertEvaluationMs,
    timings.alertEvaluationSlowMs,
  );

  constructor(around: Surroundings) {
    this.#around = around;
    for (const [uuid, known] of around.store.all()) this.#alerts.set(uuid, keptOf(known));
    // The graph may have changed after it was last asked.
    for (const [uuid, { intervalMs }] of this.#alerts) if (intervalMs === undefined) this.#due.add(uuid);
    if (this.#due.size > 0) this.#runs.soon();
  }

  get alerts(): readonly Alert[] {
    return [...this.#alerts.values()].map(({ alert }) => alert);
  }

  /** The list changed. One that asks for something else begins anew. */
  replace(alerts: readonly Alert[]): void {
    const { store } = this.#around;
    const wanted = new Map(alerts.map((alert) => [alert.UUID, alert]));
    for (const uuid of this.#alerts.keys())
      if (!wanted.has(uuid)) {
        this.#alerts.delete(uuid);
        this.#faults.delete(uuid);
        store.delete(uuid);
      }
    for (const alert of alerts) {
      const before = this.#alerts.get(alert.UUID);
      const json = JSON.stringify(alert);
      if (before?.json === json) continue;
      const asksTheSame = before?.alert.Expression === alert.Expression;
      const known: KnownAlert = {
        json,
        digest: asksTheSame ? before.digest : '',
        firedMs: asksTheSame ? before.firedMs : undefined,
      };
      store.set(alert.UUID, known);
      this.#alerts.set(alert.UUID, keptOf(known));
      this.#due.add(alert.UUID);
    }
    this.#around.watchFlows([...this.#alerts.values()].some(({ asksFlows }) => asksFlows));
    if (this.#due.size > 0) this.#runs.soon();
  }

  /** The graph changed. */
  follow(events: readonly GraphEvent[]): void {
    for (const [uuid, { alert, intervalMs }] of this.#alerts) {
      if (intervalMs !== undefined || this.#due.has(uuid)) continue;
      if (events.some((event) => canMatter(event, [alert.Expression]))) this.#due.add(uuid);
    }
    if (this.#due.size > 0) this.#runs.soon();
  }

  /** Flows changed. */
  flowsChanged(): void {
    for (const [uuid, { asksFlows, intervalMs }] of this.#alerts)
      if (asksFlows && intervalMs === undefined) this.#due.add(uuid);
    if (this.#due.size > 0) this.#runs.soon();
  }

  /** When the next alert with an interval is due, ms since 1970. */
  nextMs(nowMs: number): number {
    let nextMs = Infinity;
    for (const { alert, intervalMs } of this.#alerts.values())
      if (intervalMs !== undefined)
        nextMs = Math.min(nextMs, madeMs(alert) + (turnOf(alert, intervalMs, nowMs) + 1) * intervalMs);
    return nextMs;
  }

  /** Asks those whose interval is over. */
  ring(nowMs: number): void {
    for (const [uuid, kept] of this.#alerts) {
      if (kept.intervalMs === undefined) continue;
      const turn = turnOf(kept.alert, kept.intervalMs, nowMs);
      if (turn === kept.turn) continue;
      kept.turn = turn;
      this.#due.add(uuid);
    }
    if (this.#due.size > 0) this.#runs.soon();
  }

  status(): AlertStatus {
    const fired = [...this.#alerts].flatMap(([uuid, { firedMs }]) =>
      firedMs === undefined ? [] : [[uuid, firedMs] as const],
    );
    return {
      alerts: this.#alerts.size,
      alertFaults: Object.fromEntries(this.#faults),
      alertFiredMs: Object.fromEntries(fired),
    };
  }

  async #evaluate(): Promise<number> {
    const due = [...this.#due];
    this.#due.clear();
    let visited = 0;
    for (const uuid of due) {
      const kept = this.#alerts.get(uuid);
      if (kept !== undefined) visited += await this.#ask(uuid, kept);
    }
    return visited;
  }

  /** One that cannot be asked says so in the status, and keeps what it said last. */
  async #ask(uuid: string, kept: Kept): Promise<number> {
    this.#around.count('alertEvaluations');
    try {
      const { answer, visited } = await this.#answer(kept);
      this.#faults.delete(uuid);
      // It may have been changed or deleted meanwhile.
      if (this.#alerts.get(uuid) === kept) await this.#compare(uuid, kept, answer);
      return visited;
    } catch (error) {
      this.#around.count('alertFailures');
      this.#faults.set(uuid, messageOf(error).slice(0, FAULT_CHARS_MAX));
      return 0;
    }
  }

  async #answer({ alert, isGremlin }: Kept): Promise<{ answer: unknown; visited: number }> {
    if (isGremlin) return this.#around.ask(alert.Expression);
    return { answer: await this.#around.run(alert.Expression), visited: SCRIPT_VISITS };
  }

  async #compare(uuid: string, kept: Kept, answer: unknown): Promise<void> {
    const digest = saysSomething(answer) ? digestOf(answer) : '';
    if (digest === kept.digest) return;
    const nowMs = Date.now();
    if (digest !== '') {
      this.#around.count('alertsFired');
      const Timestamp = new Date(nowMs).toISOString();
      await this.#around.tell(kept.alert, { UUID: uuid, Timestamp, ReasonData: answer });
      kept.firedMs = nowMs;
    }
    kept.digest = digest;
    if (this.#alerts.get(uuid) === kept) this.#around.store.set(uuid, kept);
  }
}

const FAULT_CHARS_MAX = 512;
/** A script costs about what a look at so many elements does. */
const SCRIPT_VISITS = 50_000;

function keptOf({ json, digest, firedMs }: KnownAlert): Kept {
  const alert = JSON.parse(json) as Alert;
  const gremlin = gremlinOf(alert.Expression);
  return {
    alert,
    json,
    asksFlows: gremlin === undefined ? /Flows/.test(alert.Expression) : gremlin.asksFlows,
    isGremlin: gremlin !== undefined,
    intervalMs: intervalOf(alert.Trigger),
    turn: -1,
    digest,
    firedMs,
  };
}

function madeMs({ CreateTime }: Alert): number {
  return Date.parse(CreateTime);
}

/** Intervals are counted from the alert's making, so that it rings at the same moments after waking. */
function turnOf(alert: Alert, intervalMs: number, nowMs: number): number {
  return Math.floor((nowMs - madeMs(alert)) / intervalMs);
}
