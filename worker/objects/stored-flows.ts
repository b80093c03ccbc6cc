/**
 * The flows that the shards keep of the past, as one store: what Gremlin's `At(…).Flows()` asks. Each shard filters, sorts and
 * cuts; what they send is merged here, as with live flows.
 */
import type { PastDetail } from '../../core/flow/past-details.ts';
import { runSearch } from '../../core/flow/run-search.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import type { TimeSlice } from '../../core/graph/history.ts';
import type { ShardCounts } from '../../core/shard-place.ts';
import type { FlowHistory } from '../../core/gremlin/context.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { decodeFlowSet, type Flow, type FlowMetric, type RawPacket } from '../../proto/gen/flow.ts';
import { decodePastDetails, type PastFlow } from '../../proto/gen/shard.ts';
import { bytesOf } from './answer-stream.ts';
import { answersOf, shardsToAsk, type FlowCost, type Shard } from './shard-answers.ts';

interface Found {
  readonly flows: readonly Flow[];
  readonly details: readonly PastFlow[];
}

export class StoredFlows implements FlowHistory {
  readonly #env: Env;
  readonly #cost: FlowCost;
  readonly #counts: ShardCounts;

  constructor(env: Env, counts: ShardCounts, cost: FlowCost) {
    this.#env = env;
    this.#counts = counts;
    this.#cost = cost;
  }

  async flows(search: FlowSearch, slice: TimeSlice): Promise<readonly Flow[]> {
    return (await this.#find(search, slice)).flows;
  }

  async metrics(search: FlowSearch, slice: TimeSlice): Promise<ReadonlyMap<string, readonly FlowMetric[]>> {
    const found = await this.#find(search, slice, 'metrics');
    return byUuid(
      found,
      ({ metrics }) => metrics,
      (a, b) => a.Last - b.Last,
    );
  }

  async rawPackets(search: FlowSearch, slice: TimeSlice): Promise<ReadonlyMap<string, readonly RawPacket[]>> {
    const found = await this.#find(search, slice, 'packets');
    return byUuid(
      found,
      ({ packets }) => packets,
      (a, b) => a.Index - b.Index,
    );
  }

  async #find(search: FlowSearch, slice: TimeSlice, detail?: PastDetail): Promise<Found> {
    const shards = shardsToAsk(this.#env, this.#counts, slice.fromMs, search.hosts);
    // Each shard may hold the first ones of all, so that it is asked for everything up to the end of the range.
    const { range } = search;
    const pushed = range === undefined ? search : { ...search, range: { from: 0, to: range.to } };
    const parts = await answersOf(shards, this.#cost, (shard) => this.#ask(shard, pushed, slice, detail));
    const { filter: _done, ...merge } = search;
    const flows = parts.flatMap((part) => part.flows);
    return {
      flows: runSearch(this.#counts.earlier.length === 0 ? flows : latest(flows), merge),
      details: parts.flatMap(({ details }) => details),
    };
  }

  async #ask(
    shard: Shard,
    search: FlowSearch,
    slice: TimeSlice,
    detail: PastDetail | undefined,
  ): Promise<Found> {
    const answer = await shard.searchPast(search, slice, detail);
    if ('refused' in answer) throw new GremlinError('exec', 'limit', 0, answer.refused);
    for (const host of answer.silentHosts) this.#cost.silentHosts.add(host);
    this.#cost.visited += answer.visited;
    return {
      flows: decodeFlowSet(await bytesOf(answer.flows)).Flows,
      details: answer.details === undefined ? [] : decodePastDetails(await bytesOf(answer.details)).flows,
    };
  }
}

/** Of a flow whose host moved from one shard to another, what was told last: it has the whole. */
function latest(flows: readonly Flow[]): readonly Flow[] {
  const byId = new Map<string, Flow>();
  for (const flow of flows) {
    const id = keyOf(flow.UUID, flow.CaptureID);
    const before = byId.get(id);
    if (before === undefined || flow.Last >= before.Last) byId.set(id, flow);
  }
  return [...byId.values()];
}

function keyOf(uuid: string, capture: string): string {
  return `${capture}\n${uuid}`;
}

/** UUID → what is told of it, in the order of the flows; flows of which nothing is told are left out. */
function byUuid<Item>(
  { flows, details }: Found,
  itemsOf: (flow: PastFlow) => readonly Item[],
  order: (a: Item, b: Item) => number,
): ReadonlyMap<string, readonly Item[]> {
  const known = new Map<string, readonly Item[]>();
  for (const one of details) {
    const key = keyOf(one.uuid, one.capture_id);
    known.set(key, [...(known.get(key) ?? []), ...itemsOf(one)]);
  }
  const found = new Map<string, readonly Item[]>();
  for (const { UUID: uuid, CaptureID: capture } of flows) {
    const key = keyOf(uuid, capture);
    const items = known.get(key) ?? [];
    known.delete(key);
    if (items.length > 0) found.set(uuid, [...(found.get(uuid) ?? []), ...items].sort(order));
  }
  return found;
}
