/**
 * The past of a shard: how long it stays in the log, what is moved into the archive, what is forgotten, and who may read it. What a woken
 * shard needs is never taken from the log: where only the log has it, a snapshot comes first.
 */
import { HOUR_MS } from '../../core/archive/archive-name.ts';
import { readArchiveSettings } from '../../core/archive/archive-settings.ts';
import { readHistorySettings, type HistorySettings } from '../../core/history-settings.ts';
import { limits } from '../../core/limits.ts';
import type { HostSnapshot } from '../../proto/gen/shard.ts';
import { archiveIn } from '../store/archive.ts';
import type { ArchiveSize } from '../store/archive-index.ts';
import type { ShardStore } from '../store/shard-store.ts';
import { archiveCounters, FlowArchive, type ArchiveCounter } from './flow-archive.ts';
import { FlowHistory, pastFlowCounters, type PastFlowCounter } from './flow-history.ts';
import { log } from '../log.ts';

export type PastCounter = PastFlowCounter | ArchiveCounter | 'rowsForgotten';
export const pastCounters: readonly PastCounter[] = [
  ...pastFlowCounters,
  ...archiveCounters,
  'rowsForgotten',
];

export interface FlowHistoryStatus extends HistorySettings {
  /** Of the log; with history switched off it has only what a woken shard needs. */
  readonly rows: number;
  /** Flow messages. */
  readonly flows: number;
  readonly bytes: number;
  /** When the first of what is kept came, ms since 1970; null without any. */
  readonly oldestMs: number | null;
  /** What was moved into the archive; null without one. */
  readonly archive: ArchiveSize | null;
}

/** Rows of history deleted at once. */
const FORGET_ROWS = 1_000;

interface Parts {
  readonly env: Env;
  /** Of the object: its shard is the number at the end. */
  readonly name: string;
  readonly store: ShardStore;
  /** Everything that a woken shard has to know. */
  readonly pieces: () => Iterable<HostSnapshot>;
  readonly count: (name: PastCounter, by?: number) => void;
}

export class PastKeeper {
  readonly #parts: Parts;
  readonly #settings: HistorySettings;
  readonly #archive: FlowArchive | undefined;
  readonly history: FlowHistory;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#settings = readHistorySettings(parts.env);
    for (const fault of this.#settings.faults) log('error', 'flow shard', `${fault}; the default holds`);
    this.#archive = this.#settings.keepMs === 0 ? undefined : openArchive(parts);
    this.history = new FlowHistory(parts.store.zones, this.#archive, parts.count);
  }

  /** Deletes from the log what is too old or too much. */
  forget(nowMs: number): void {
    const { keepMs, bytesMax } = this.#settings;
    const { store, count } = this.#parts;
    const before = nowMs - keepMs;
    this.#snapshotBefore(before);
    count('rowsForgotten', store.forget(before, bytesMax, FORGET_ROWS));
  }

  /** Whether the log is so large that its oldest part should go into the archive now. */
  get isFull(): boolean {
    const { bytesMax } = this.#settings;
    return this.#archive !== undefined && this.#parts.store.bytes > bytesMax * limits.archiveFullShare;
  }

  /** Whether something in the log has been old enough for the archive for a while: the analyzer was away. */
  isOverdue(nowMs: number): boolean {
    const { oldestMs } = this.#parts.store.logSize();
    return (
      this.#archive !== undefined && oldestMs !== null && oldestMs < nowMs - this.#archive.hotMs - HOUR_MS
    );
  }

  /** Moves into the archive what is older than the hot window, and deletes there what is too old. True when there is more to do at once. */
  async archive(nowMs: number): Promise<boolean> {
    const archive = this.#archive;
    if (archive === undefined) return false;
    this.#snapshotBefore(this.isFull ? nowMs : nowMs - archive.hotMs);
    const hasMore = await this.history.alone(() => archive.run(nowMs, this.isFull));
    await archive.forget(nowMs);
    return hasMore;
  }

  #snapshotBefore(beforeMs: number): void {
    const { store, pieces } = this.#parts;
    if (store.tailBegan(beforeMs)) store.writeSnapshot(pieces());
  }

  status(): FlowHistoryStatus {
    const { store } = this.#parts;
    const archive = this.#archive === undefined ? null : store.archive.size();
    return { ...this.#settings, ...store.logSize(), archive };
  }
}

function openArchive({ env, name, store, count }: Parts): FlowArchive | undefined {
  const archive = archiveIn(env);
  if (archive === undefined) return undefined;
  const settings = readArchiveSettings(env);
  for (const fault of settings.faults) log('error', 'flow shard', `${fault}; the default holds`);
  const shard = Number(/\d+$/.exec(name)?.[0] ?? '0');
  return new FlowArchive(archive, store, settings, { fabric: env.EDGEDIVE_FABRIC, shard }, count);
}
