/**
 * What MPLS carries is read as IP first. When anything behind the IP header cannot be read, the reference reads the same
 * bytes once more as Ethernet and adds that: a path like `IPv4/UDP/Ethernet`, invented MACs, and so (in L2 mode) a flow
 * of its own for such packets. Here they stay in the flow of their IP header. The rule pairs the flows and holds their packets
 * against each other.
 */
import { flatten } from './flows-case.ts';
import { number, text } from './flows-rule.ts';
import type { Difference, Rule } from './flows-rule.ts';
import type { Json } from './flows-case.ts';

type Flows = Pick<Difference, 'expectedFlows'>;

/** The same ends, whichever was seen first. */
function hasSameEnds(a: Json, b: Json): boolean {
  const ends = (flow: Json, ...order: string[]) =>
    ['Network', 'Transport'].flatMap((layer) =>
      ['Protocol', 'ID', ...order].map((member) => flatten(flow).get(`${layer}.${member}`)),
    );
  const ours = ends(a, 'A', 'B').join();
  return ours === ends(b, 'A', 'B').join() || ours === ends(b, 'B', 'A').join();
}

function isInMpls(flow: Json, { expectedFlows }: Flows): boolean {
  const parent = flow['ParentUUID'];
  return (
    parent !== '' &&
    expectedFlows.some(({ UUID, LayersPath }) => UUID === parent && String(LayersPath).endsWith('MPLS'))
  );
}

/** True when the recorded flow holds packets of ours that were read again. */
function isRetryOf(expected: Json, actual: Json, flows: Flows): boolean {
  return (
    actual['Link'] === undefined &&
    expected['Link'] !== undefined &&
    text(expected, 'LayersPath').startsWith(`${text(actual, 'LayersPath')}/Ethernet`) &&
    expected['ParentUUID'] === actual['ParentUUID'] &&
    hasSameEnds(expected, actual) &&
    isInMpls(actual, flows)
  );
}

const packetsOf = (flow: Json) => number(flow, 'Metric.ABPackets') + number(flow, 'Metric.BAPackets');

/** Recorded flows that together are ours; none when the packets do not add up or nothing was read again. */
export function retriesOf(actual: Json, flows: Flows): readonly Json[] {
  const retries = flows.expectedFlows.filter((expected) => isRetryOf(expected, actual, flows));
  const plain = flows.expectedFlows.find(({ UUID }) => UUID === actual['UUID']);
  const all = plain === undefined || retries.includes(plain) ? retries : [...retries, plain];
  const packets = all.reduce((sum, flow) => sum + packetsOf(flow), 0);
  return packets === packetsOf(actual) ? retries : [];
}

export const mplsRetry: Rule = {
  name: 'mpls-read-again',
  reason: 'the reference reads IP behind MPLS again as Ethernet when something in it cannot be read',
  explains(field, { expected, actual, ...flows }) {
    const retries = retriesOf(actual, flows);
    // In L3 mode the key is the same, and the first packet decides what is shown.
    if (retries.includes(expected)) return /^(LayersPath|Application|Link\..*)$/.test(field);
    return retries.length > 0 && /^(Last|Metric\..*)$/.test(field);
  },
};
