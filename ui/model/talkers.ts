/** Who talks most, and by which protocol: sums over the flows that the page knows. */
import { protocolOf, type FlowJson } from './flow-rows.ts';

export interface Talk {
  /** Of a pair of addresses, in the order of their text; of a protocol alone, `b` is "". */
  readonly a: string;
  readonly b: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

export interface Talkers {
  /** Most bytes first. */
  readonly pairs: readonly Talk[];
  readonly protocols: readonly Talk[];
  /** Of all flows, those that are not listed too. */
  readonly bytes: number;
}

/** A flow that was captured in two places is counted once: the one that saw more of it. */
export function talkersOf(flows: readonly FlowJson[], most: number): Talkers {
  const seen = new Map<string, FlowJson>();
  for (const flow of flows) {
    const key = flow.TrackingID ?? flow.UUID;
    const known = seen.get(key);
    if (known === undefined || bytesOf(flow) > bytesOf(known)) seen.set(key, flow);
  }
  const pairs = new Sums();
  const protocols = new Sums();
  let bytes = 0;
  for (const flow of seen.values()) {
    const [a = '', b = ''] = [addressOf(flow, 'A'), addressOf(flow, 'B')].toSorted();
    pairs.add(a, b, flow);
    protocols.add(protocolOf(flow), '', flow);
    bytes += bytesOf(flow);
  }
  return { pairs: pairs.top(most), protocols: protocols.top(most), bytes };
}

const bytesOf = ({ Metric: metric }: FlowJson): number => (metric?.ABBytes ?? 0) + (metric?.BABytes ?? 0);
const packetsOf = ({ Metric: metric }: FlowJson): number =>
  (metric?.ABPackets ?? 0) + (metric?.BAPackets ?? 0);
const addressOf = (flow: FlowJson, side: 'A' | 'B'): string =>
  flow.Network?.[side] ?? flow.Link?.[side] ?? '?';

class Sums {
  readonly #sums = new Map<string, { a: string; b: string; flows: number; packets: number; bytes: number }>();

  add(a: string, b: string, flow: FlowJson): void {
    const key = `${a} ${b}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { a, b, flows: 0, packets: 0, bytes: 0 };
      this.#sums.set(key, sum);
    }
    sum.flows++;
    sum.packets += packetsOf(flow);
    sum.bytes += bytesOf(flow);
  }

  top(most: number): Talk[] {
    const all = [...this.#sums.values()];
    return all.toSorted((x, y) => y.bytes - x.bytes || (x.a < y.a ? -1 : 1)).slice(0, most);
  }
}
