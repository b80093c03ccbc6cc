/**
 * Where flows may differ from the recorded ones, and why: the defects of the reference that are mended. A rule never
 * looks at a case's name; it computes from the packets and our flow what the reference must have shown, so that a
 * wrong expectation is not excused.
 */
import type { FlowTableOptions } from '../../core/flow/table.ts';
import type { PcapPacket } from '../../core/packet/pcap-file.ts';
import { flatten } from './flows-case.ts';
import type { Json } from './flows-case.ts';
import { earlierFragments, tcpFacts } from './flows-facts.ts';
import type { TcpFact } from './flows-facts.ts';

export interface Difference {
  readonly expected: Json;
  readonly actual: Json;
  /** All flows of the run, for rules about sums. */
  readonly expectedFlows: readonly Json[];
  readonly actualFlows: readonly Json[];
  readonly options: FlowTableOptions;
  readonly packets: readonly PcapPacket[];
}

export interface Rule {
  readonly name: string;
  readonly reason: string;
  /** True when the difference at this field is exactly what this mend makes. */
  explains(field: string, difference: Difference): boolean;
}

const COUNTERS = ['Metric.ABPackets', 'Metric.ABBytes', 'Metric.BAPackets', 'Metric.BABytes'] as const;
const FIN = 1;
const SYN = 2;
const RST = 4;

function text(flow: Json, field: string): string {
  const value = flatten(flow).get(field);
  return typeof value === 'string' ? value : '';
}

function number(flow: Json, field: string): number {
  const value = flatten(flow).get(field);
  return typeof value === 'number' ? value : 0;
}

function isLoopback(flow: Json): boolean {
  const from = text(flow, 'Network.A');
  return from !== '' && from === text(flow, 'Network.B') && text(flow, 'Link.A') === text(flow, 'Link.B');
}

/** TCP packets of a flow with whether A sent them. */
function tcpOf(difference: Difference): (TcpFact & { readonly isFromA: boolean })[] {
  const { actual, options, packets } = difference;
  const a = text(actual, 'Network.A');
  const b = text(actual, 'Network.B');
  const portA = number(actual, 'Transport.A');
  const portB = number(actual, 'Transport.B');
  return tcpFacts(packets, options.linkType ?? 1).flatMap(
    (fact): (TcpFact & { readonly isFromA: boolean })[] => {
      if (fact.a === a && fact.b === b && fact.portA === portA && fact.portB === portB)
        return [{ ...fact, isFromA: true }];
      if (fact.a === b && fact.b === a && fact.portA === portB && fact.portB === portA)
        return [{ ...fact, isFromA: false }];
      return [];
    },
  );
}

const finish: Rule = {
  name: 'finish-type',
  reason:
    'the reference looks for FIN and RST in the first packet only; here FIN of both sides or an RST at any time',
  explains(field, difference) {
    if (field !== 'FinishType' || difference.expected['FinishType'] !== undefined) return false;
    const facts = tcpOf(difference);
    const hasRst = facts.some((fact) => (fact.flags & RST) !== 0);
    const fins = new Set(facts.filter((fact) => (fact.flags & FIN) !== 0).map((fact) => fact.isFromA));
    return difference.actual['FinishType'] === 3
      ? hasRst
      : difference.actual['FinishType'] === 2 && fins.size === 2;
  },
};

const loopback: Rule = {
  name: 'loopback-direction',
  reason: 'where both ends have the same addresses the reference counts the first packet backwards',
  explains(field, { expected, actual }) {
    if (!isLoopback(actual) || text(actual, 'Transport.Protocol') === '') return false;
    const isLarger = number(actual, 'Transport.A') > number(actual, 'Transport.B');
    for (const unit of ['Packets', 'Bytes']) {
      // A packet counts as A→B when Transport.A is larger than its source port.
      const ab = number(actual, `Metric.AB${unit}`);
      const ba = number(actual, `Metric.BA${unit}`);
      const isMatch = (wanted: number, name: string) => number(expected, name) === wanted;
      if (field === `Metric.AB${unit}`) return isMatch(isLarger ? ba : 0, field);
      if (field === `Metric.BA${unit}`) return isMatch(isLarger ? ab : ab + ba, field);
    }
    for (const kind of ['Fin', 'Rst']) {
      // Every packet comes from A: the latest wins, B has none.
      const both = [number(actual, `TCPMetric.AB${kind}Start`), number(actual, `TCPMetric.BA${kind}Start`)];
      if (field === `TCPMetric.AB${kind}Start`) return number(expected, field) === Math.max(...both);
      if (field === `TCPMetric.BA${kind}Start`) return number(expected, field) === 0;
    }
    return false;
  },
};

const nonIp: Rule = {
  name: 'non-ip-counters',
  reason: 'in L3 mode the reference makes flows of frames without IP and counts nothing on them',
  explains(field, { expected, actual, options }) {
    if (options.layerKeyMode !== 'L3' || expected['Network'] !== undefined) return false;
    if (!COUNTERS.some((counter) => counter === field)) return false;
    const isZero = COUNTERS.every((counter) => flatten(expected).get(counter) === 0);
    return isZero && number(actual, field) > 0;
  },
};

const fragments: Rule = {
  name: 'defragmented-bytes',
  reason: 'the reference counts only the fragment that completes a datagram; here all of them',
  explains(field, { actual, expectedFlows, actualFlows, options, packets }) {
    if (!options.ipDefrag || !text(actual, 'LayersPath').includes('/Fragment/')) return false;
    const match = /^Metric\.(AB|BA)(Packets|Bytes)$/.exec(field);
    if (!match) return false;
    const a = text(actual, 'Network.A');
    const b = text(actual, 'Network.B');
    const isSamePair = (flow: Json) =>
      text(flow, 'LayersPath').includes('/Fragment/') &&
      [text(flow, 'Network.A'), text(flow, 'Network.B')].sort().join() === [a, b].sort().join();
    // What A sent is AB of flows that start at A and BA of those that start at B.
    const sender = match[1] === 'AB' ? a : b;
    const sum = (flows: readonly Json[]) =>
      flows.filter(isSamePair).reduce((total, flow) => {
        const direction = text(flow, 'Network.A') === sender ? 'AB' : 'BA';
        return total + number(flow, `Metric.${direction}${match[2]}`);
      }, 0);
    const earlier = earlierFragments(packets, options.linkType ?? 1).filter(
      (fact) => fact.a === sender && [fact.a, fact.b].sort().join() === [a, b].sort().join(),
    );
    const left =
      match[2] === 'Packets' ? earlier.length : earlier.reduce((total, fact) => total + fact.wireLength, 0);
    return left > 0 && sum(actualFlows) - sum(expectedFlows) === left;
  },
};

const repeatedSyn: Rule = {
  name: 'repeated-syn',
  reason: 'the reference counts a repeated SYN of A as the SYN of B',
  explains(field, difference) {
    if (field !== 'TCPMetric.BASynStart' && field !== 'TCPMetric.BASynTTL') return false;
    const syns = tcpOf(difference).filter((fact) => (fact.flags & SYN) !== 0);
    const [first, second] = syns;
    if (!first?.isFromA || !second?.isFromA) return false;
    const fromB = syns.find((fact) => !fact.isFromA);
    const member = field.endsWith('TTL') ? 'ttl' : 'timeMs';
    return (
      number(difference.expected, field) === second[member] &&
      number(difference.actual, field) === (fromB?.[member] ?? 0)
    );
  },
};

const cookedTunnel: Rule = {
  name: 'cooked-tunnel-bytes',
  reason: 'behind a Linux cooked header the reference gives tunnelled packets a negative length',
  explains(field, { expected, actual, options }) {
    if (options.linkType !== 113 || text(actual, 'ParentUUID') === '') return false;
    return field.endsWith('Bytes') && number(expected, field) < 0 && number(actual, field) > 0;
  },
};

export const rules: readonly Rule[] = [finish, loopback, nonIp, fragments, repeatedSyn, cookedTunnel];

/** The rule that explains a differing field, if any. */
export function ruleFor(field: string, difference: Difference): Rule | undefined {
  return rules.find((rule) => rule.explains(field, difference));
}
