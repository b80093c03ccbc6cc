/** The past of the graph: what is kept of it and for how long, when what waits of it is written, and who may read it. */
import type { GraphEvent } from '../../core/graph/element.ts';
import { readHistorySettings, type HistorySettings } from '../../core/history-settings.ts';
import { timings } from '../../core/limits.ts';
import { log } from '../log.ts';
import type { TopologyStore } from '../store/topology-store.ts';
import type { FabricGraph } from './fabric-graph.ts';
import { GraphPast, type PastCounter } from './graph-past.ts';

export interface GraphHistoryStatus extends HistorySettings {
  readonly rows: number;
  readonly revisions: number;
  readonly bytes: number;
  /** When the first of what is kept ended, ms since 1970; null without any. */
  readonly oldestMs: number | null;
}

/** How often the history's size is looked at while the graph changes. */
const SHRINK_EVERY_WRITES = 256;

interface Parts {
  readonly env: Env;
  readonly store: TopologyStore;
  readonly fabric: FabricGraph;
  /** Work that writes. */
  readonly guard: (work: () => void) => void;
  readonly count: (name: PastCounter, by?: number) => void;
}

export class GraphPastKeeper {
  readonly #parts: Parts;
  readonly #settings: HistorySettings;
  readonly #past: GraphPast;
  #willWriteLate = false;
  /** Writes since the history's size was looked at. */
  #writes = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { env, store, fabric, count } = parts;
    this.#settings = readHistorySettings(env);
    const { faults, keepMs } = this.#settings;
    for (const fault of faults) log('error', 'topology', `${fault}; the default holds`);
    store.keepsPast = keepMs > 0;
    this.#past = new GraphPast(store.past, () => store.late.ended(), fabric.graph, keepMs, count);
  }

  get keepMs(): number {
    return this.#settings.keepMs;
  }

  /** What queries may ask; undefined where none is kept. */
  get readable(): GraphPast | undefined {
    return this.keepMs > 0 ? this.#past : undefined;
  }

  /** Hears every change of the graph. */
  follow(events: readonly GraphEvent[]): void {
    this.#past.follow(events);
    this.#writeLateSoon();
    if (++this.#writes % SHRINK_EVERY_WRITES === 0) this.forget(Date.now());
  }

  /** What statistics wait is written in a while; the object stays awake for that. */
  #writeLateSoon(): void {
    if (this.#willWriteLate || !this.#parts.store.late.hasUnwritten) return;
    this.#willWriteLate = true;
    setTimeout(() => {
      this.#willWriteLate = false;
      this.writeLate();
    }, timings.statisticsHeldMs);
  }

  /** Writes the statistics that wait. */
  writeLate(): void {
    this.#parts.guard(() => this.#parts.fabric.writeLate());
  }

  /** Deletes what is too old or too much. */
  forget(nowMs: number): void {
    const { store } = this.#parts;
    store.transaction(() => {
      const old = store.past.forget(nowMs - this.keepMs);
      this.#past.forgotten(old + store.past.shrink(this.#settings.bytesMax, nowMs));
    });
  }

  status(): GraphHistoryStatus {
    const { past, late } = this.#parts.store;
    const { rows, revisions, chars } = past.size;
    const oldestMs = past.oldestMs() ?? null;
    return { ...this.#settings, rows, revisions: revisions + late.endedCount, bytes: chars, oldestMs };
  }
}
