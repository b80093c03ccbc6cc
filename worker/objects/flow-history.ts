/**
 * Searches of a shard's past: the log that it keeps anyway is read, newest first, where its zones say that the time asked for
 * is told of. Nothing is held but what the search finds. A long search gives way to what comes in meanwhile, and one runs at
 * a time, because each may take a good part of the object's memory.
 *
 * What was archived (flow-archive.ts) is read behind the log, in the form of its rows.
 */
import { PastDetailsOf, type PastDetail } from '../../core/flow/past-details.ts';
import { PastFlows, PastLimitError } from '../../core/flow/past-flows.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import { isPoint, type TimeSlice } from '../../core/graph/history.ts';
import { limits, timings } from '../../core/limits.ts';
import { decodeFlowSet } from '../../proto/gen/flow.ts';
import { encodePastDetails } from '../../proto/gen/shard.ts';
import type { LogZones } from '../store/log-zones.ts';
import { bytesOrStream } from './answer-stream.ts';
import { ArchiveError, type FlowArchive } from './flow-archive.ts';
import { log } from '../log.ts';

export type PastSearchAnswer =
  | {
      /** FlowSet bytes, filtered, sorted, de-duplicated and cut as the search says. */
      readonly flows: Uint8Array | ReadableStream<Uint8Array>;
      /** PastDetails bytes of these flows, when they were asked for. */
      readonly details: Uint8Array | ReadableStream<Uint8Array> | undefined;
      readonly silentHosts: readonly string[];
      readonly visited: number;
    }
  /** Why it would take too much; names the limit. */
  | { readonly refused: string };

export interface FlowPast {
  search(
    search: FlowSearch,
    slice: TimeSlice,
    detail: PastDetail | undefined,
  ): Promise<Exclude<PastSearchAnswer, { refused: string }>>;
}

export type PastFlowCounter =
  | 'pastSearches'
  | 'pastRowsRead'
  | 'pastFlowsVisited'
  | 'pastFlowsShipped'
  | 'pastRefused'
  | 'pastRowsUnreadable';
export const pastFlowCounters: readonly PastFlowCounter[] = [
  'pastSearches',
  'pastRowsRead',
  'pastFlowsVisited',
  'pastFlowsShipped',
  'pastRefused',
  'pastRowsUnreadable',
];

/** Bytes of the log read before others get their turn: some milliseconds. */
const BYTES_AT_A_TIME = 2 * 1_048_576;

export class FlowHistory implements FlowPast {
  readonly #zones: LogZones;
  readonly #archive: FlowArchive | undefined;
  readonly #count: (name: PastFlowCounter, by?: number) => void;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    zones: LogZones,
    archive: FlowArchive | undefined,
    count: (name: PastFlowCounter, by?: number) => void,
  ) {
    this.#zones = zones;
    this.#archive = archive;
    this.#count = count;
  }

  /** As `search`, with what it would take too much for as an answer: errors lose their kind between objects. */
  async answer(
    search: FlowSearch,
    slice: TimeSlice,
    detail: PastDetail | undefined,
  ): Promise<PastSearchAnswer> {
    try {
      return await this.search(search, slice, detail);
    } catch (error) {
      if (!(error instanceof PastLimitError || error instanceof ArchiveError)) throw error;
      this.#count('pastRefused');
      return { refused: error.message };
    }
  }

  /** Work that moves what searches read: none runs meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Throws PastLimitError when it would take too much, ArchiveError when a file cannot be read. */
  async search(
    search: FlowSearch,
    slice: TimeSlice,
    detail: PastDetail | undefined,
  ): Promise<Exclude<PastSearchAnswer, { refused: string }>> {
    if (this.#waiting >= limits.pastSearchesWaitingMax)
      throw new PastLimitError(
        `More than ${limits.pastSearchesWaitingMax} searches of the past wait for one shard (pastSearchesWaitingMax): ask again`,
      );
    this.#waiting++;
    try {
      return await this.alone(() => this.#search(search, slice, detail));
    } finally {
      this.#waiting--;
    }
  }

  async #search(
    search: FlowSearch,
    slice: TimeSlice,
    detail: PastDetail | undefined,
  ): Promise<Exclude<PastSearchAnswer, { refused: string }>> {
    this.#count('pastSearches');
    const found = new PastFlows(search, slice);
    await this.#scan(slice.fromMs - timings.flowExpireMs, slice.toMs, found);
    const { flowSet, shipped } = found.answer();
    this.#count('pastFlowsShipped', shipped);
    if (detail === undefined || shipped === 0)
      return { flows: bytesOrStream(flowSet), details: undefined, silentHosts: [], visited: found.visited };
    const flows = decodeFlowSet(flowSet).Flows;
    const more = new PastDetailsOf(flows, search, slice, detail);
    // At a moment all that a flow has told until then counts.
    await this.#scan(isPoint(slice) ? firstStart(flows) : slice.fromMs, slice.toMs, more);
    return {
      flows: bytesOrStream(flowSet),
      details: bytesOrStream(encodePastDetails(more.details()).finish()),
      silentHosts: [],
      visited: found.visited + more.visited,
    };
  }

  /** Hands the rows that tell of the time to the reader, newest first. */
  async #scan(fromMs: number, toMs: number, reader: PastFlows | PastDetailsOf): Promise<void> {
    let bytes = 0;
    let sinceTurn = 0;
    const visitedBefore = reader.visited;
    const take = async (row: string, blob: Uint8Array): Promise<void> => {
      bytes += blob.length;
      sinceTurn += blob.length;
      if (bytes > limits.pastFlowReadBytesMax)
        throw new PastLimitError(
          `The time asked for has more than ${limits.pastFlowReadBytesMax} bytes of flows on one shard (pastFlowReadBytesMax): ask for a shorter time`,
        );
      this.#read(row, blob, reader);
      if (sinceTurn < BYTES_AT_A_TIME) return;
      sinceTurn = 0;
      await nextTurn();
    };
    try {
      for (const row of this.#zones.rows(fromMs, toMs)) {
        const blob = this.#zones.blob(row);
        if (blob !== undefined) await take(`log row ${row}`, blob);
      }
      // What is archived is older than what the log has.
      for (const file of this.#archive?.between(fromMs, toMs) ?? [])
        for await (const blob of this.#archive!.rowsOf(file)) await take(file.name, blob);
    } finally {
      this.#count('pastFlowsVisited', reader.visited - visitedBefore);
    }
  }

  /** A row that cannot be read is left out, counted and told, as when the shard wakes. */
  #read(row: string, blob: Uint8Array, reader: PastFlows | PastDetailsOf): void {
    this.#count('pastRowsRead');
    try {
      reader.add(blob);
    } catch (error) {
      if (error instanceof PastLimitError) throw error;
      this.#count('pastRowsUnreadable');
      log('error', 'flow shard', `${row} cannot be read`, { error });
    }
  }
}

function firstStart(flows: readonly { readonly Start: number }[]): number {
  let first = Infinity;
  for (const { Start } of flows) first = Math.min(first, Start);
  return first;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0));
}
