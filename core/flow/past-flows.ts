/**
 * The flows of a slice of the past, gathered from the messages that told of them (Gremlin notes, section 9.3): those that began
 * before the slice ended and were still in a table when it began, each as it was last known then. A flow that was
 * first told of later is as it was told of first.
 *
 * Messages come newest first, so that what a flow was is settled by the first message that is not from after the slice, and
 * everything before it costs a look at its head.
 */
import { createFlow, decodeFlow, encodeFlow, type Flow } from '../../proto/gen/flow.ts';
import type { TimeSlice } from '../graph/history.ts';
import { FILES_HOST, isFilesHost } from '../ids.ts';
import { limits, timings } from '../limits.ts';
import { fieldsOf, searchEncoded, type EncodedAnswer, type KeptFlow } from './encoded-search.ts';
import { flowMemberOf } from './fields.ts';
import { FlowPages, type FlowSlot } from './flow-pages.ts';
import { compileFilter } from './run-search.ts';
import type { FlowFilter, FlowSearch } from './search.ts';
import { eachStoredFlow, type StoredFlow } from './stored-flows.ts';

/** Too much for one search; the message names the limit. */
export class PastLimitError extends Error {
  override readonly name = 'PastLimitError';
}

interface Known {
  /** Undefined: settled, and the filter does not let it through. */
  slot: FlowSlot | undefined;
  /** No older message can tell more. */
  isSettled: boolean;
  hasPackets: boolean;
}

type Test = (flow: Flow) => boolean;

/** Members that no later message of a flow changes. */
const LASTING: ReadonlySet<string> = new Set([
  'UUID',
  'NodeTID',
  'CaptureID',
  'TrackingID',
  'L3TrackingID',
  'ParentUUID',
  'Start',
  'Link',
  'Network',
  'Transport',
]);

export class PastFlows {
  readonly #search: FlowSearch;
  readonly #slice: TimeSlice;
  readonly #isHostWanted: (host: string) => boolean;
  /** What can be asked of any message of a flow … */
  readonly #testAny: Test;
  readonly #fieldsAny: ReadonlySet<number>;
  /** … and of the one that counts. */
  readonly #test: Test;
  readonly #fields: ReadonlySet<number>;
  readonly #pages = new FlowPages();
  /** Host → capture → UUID → what is known. */
  readonly #known = new Map<string, Map<string, Map<string, Known>>>();
  #knownCount = 0;
  /** Messages looked at. */
  visited = 0;

  /** Throws as `runSearch` does when a pattern or a range of the filter is malformed. */
  constructor(search: FlowSearch, slice: TimeSlice) {
    this.#search = search;
    this.#slice = slice;
    this.#isHostWanted = hostTest(search);
    const lasting = lastingPart(search.filter);
    this.#testAny = testOf(lasting);
    this.#fieldsAny = fieldsOf(lasting === undefined ? {} : { filter: lasting });
    this.#test = testOf(search.filter);
    this.#fields = fieldsOf(search.filter === undefined ? {} : { filter: search.filter });
  }

  /** A row of the log, newer rows first. Throws PastLimitError; RangeError or Error when the row is none. */
  add(row: Uint8Array): void {
    eachStoredFlow(row, this.#isHostWanted, (flow) => this.#take(flow));
  }

  #take(stored: StoredFlow): void {
    const { fromMs, toMs } = this.#slice;
    if (++this.visited > limits.pastFlowVisitsMax)
      throw new PastLimitError(
        `The time asked for has more than ${limits.pastFlowVisitsMax} flow messages on one shard (pastFlowVisitsMax): ask for a shorter time`,
      );
    if (stored.start > toMs || stored.last < fromMs - timings.flowExpireMs) return;
    const { uuid } = stored;
    const flows = this.#flowsOf(liveHost(stored.host), stored.capture);
    const known = flows.get(uuid);
    if (known?.isSettled === true) return;
    const { bytes } = stored;
    if (known === undefined && !this.#testAny(partOf(bytes, this.#fieldsAny))) return;
    const isSettled = stored.last <= toMs;
    const isMatch = !isSettled || this.#test(partOf(bytes, this.#fields));
    if (known?.slot !== undefined) this.#pages.free(known.slot);
    const slot = isMatch ? this.#pages.put(withoutGrowth(bytes, stored.host)) : undefined;
    const next: Known = { slot, isSettled, hasPackets: stored.hasPackets };
    if (known !== undefined) Object.assign(known, next);
    else {
      flows.set(uuid, next);
      this.#knownCount++;
    }
    this.#checkSize();
  }

  /** Most messages of a row are of one host, and of few captures. */
  #flowsOf(host: string, capture: string): Map<string, Known> {
    let captures = this.#known.get(host);
    if (captures === undefined) this.#known.set(host, (captures = new Map()));
    let flows = captures.get(capture);
    if (flows === undefined) captures.set(capture, (flows = new Map()));
    return flows;
  }

  #checkSize(): void {
    if (this.#knownCount > limits.pastFlowsMax)
      throw new PastLimitError(
        `The time asked for has more than ${limits.pastFlowsMax} flows on one shard (pastFlowsMax): ask for a shorter time or for fewer flows`,
      );
    if (this.#pages.bytes > limits.pastFlowBytesMax)
      throw new PastLimitError(
        `The flows asked for have more than ${limits.pastFlowBytesMax} bytes on one shard (pastFlowBytesMax): ask for a shorter time or for fewer flows`,
      );
  }

  /** What the search yields of the rows added. */
  answer(): EncodedAnswer {
    const { flowSet, shipped } = searchEncoded(this.#pages, this.#kept(), this.#search);
    return { flowSet, visited: this.visited, shipped };
  }

  *#kept(): Generator<KeptFlow> {
    for (const captures of this.#known.values())
      for (const flows of captures.values())
        for (const { slot, hasPackets } of flows.values()) if (slot !== undefined) yield { slot, hasPackets };
  }
}

/** Whether flows of a host are asked for. */
export function hostTest({ hosts }: FlowSearch): (host: string) => boolean {
  if (hosts === undefined) return () => true;
  const wanted = new Set(hosts);
  return (host) => wanted.has(liveHost(host));
}

/** Flows of files live under one name. */
function liveHost(host: string): string {
  return isFilesHost(host) ? FILES_HOST : host;
}

function testOf(filter: FlowFilter | undefined): Test {
  return filter === undefined ? () => true : compileFilter(filter);
}

const NO_FLOW = createFlow();

function partOf(bytes: Uint8Array, fields: ReadonlySet<number>): Flow {
  return fields.size === 0 ? NO_FLOW : decodeFlow(bytes, undefined, fields);
}

/** As in the live table: a flow of a file has all it holds as its growth, which is no update. */
function withoutGrowth(bytes: Uint8Array, host: string): Uint8Array {
  if (!isFilesHost(host)) return bytes;
  return encodeFlow({ ...decodeFlow(bytes), LastUpdateMetric: undefined }).finish();
}

/** The part of a filter that asks for nothing a later message may change; undefined when there is none. */
function lastingPart(filter: FlowFilter | undefined): FlowFilter | undefined {
  if (filter === undefined) return undefined;
  if (isLasting(filter)) return filter;
  if (filter.kind !== 'and') return undefined;
  const filters = filter.filters.filter(isLasting);
  return filters.length === 0 ? undefined : { kind: 'and', filters };
}

function isLasting(filter: FlowFilter): boolean {
  if ('filters' in filter) return filter.filters.every(isLasting);
  if (filter.kind === 'not') return isLasting(filter.filter);
  return LASTING.has(flowMemberOf(filter.key) ?? '');
}
