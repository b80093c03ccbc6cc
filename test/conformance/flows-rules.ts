/**
 * Where flows may differ from the recorded ones, and why: the defects of the reference that are mended. A rule never
 * looks at a case's name; it computes from the packets and our flow what the reference must have shown, so that a
 * wrong expectation is not excused.
 */
import type { FlowTableOptions } from '../../core/flow/table.ts';
import { flatten } from './flows-case.ts';
import type { Json } from './flows-case.ts';
import { earlierFragments } from './flows-facts.ts';
import { number, text } from './flows-rule.ts';
import type { Difference, Rule } from './flows-rule.ts';
import { mplsRetry } from './flows-rules-mpls.ts';
import { tcpRules } from './flows-rules-tcp.ts';

const COUNTERS = ['Metric.ABPackets', 'Metric.ABBytes', 'Metric.BAPackets', 'Metric.BABytes'] as const;
/** Nothing that tells directions apart but ports: equal IPs, and equal MACs where MACs count. */
function isLoopback(flow: Json, options: FlowTableOptions): boolean {
  const from = text(flow, 'Network.A');
  const isMacless = options.layerKeyMode === 'L3' || text(flow, 'Link.A') === text(flow, 'Link.B');
  return from !== '' && from === text(flow, 'Network.B') && isMacless;
}

const loopback: Rule = {
  name: 'loopback-direction',
  reason: 'where both ends have the same addresses the reference counts the first packet backwards',
  explains(field, { expected, actual, options }) {
    if (!isLoopback(actual, options)) return false;
    const hasPorts = text(actual, 'Transport.Protocol') !== '';
    const isLarger = number(actual, 'Transport.A') > number(actual, 'Transport.B');
    for (const unit of ['Packets', 'Bytes']) {
      // A packet counts as A→B when Transport.A is larger than its source port.
      const ab = number(actual, `Metric.AB${unit}`);
      const ba = number(actual, `Metric.BA${unit}`);
      const isMatch = (wanted: number, name: string) => number(expected, name) === wanted;
      // Where there are none (a tunnel of its own packets) everything is A's.
      const [theirAb, theirBa] = hasPorts ? (isLarger ? [ba, ab] : [0, ab + ba]) : [ab + ba, 0];
      if (field === `Metric.AB${unit}`) return isMatch(theirAb, field);
      if (field === `Metric.BA${unit}`) return isMatch(theirBa, field);
    }
    return false;
  },
};

const sameMacs: Rule = {
  name: 'same-macs-direction',
  reason: 'between equal MACs without IP the reference counts everything backwards',
  explains(field, { expected, actual }) {
    if (actual['Network'] !== undefined || text(actual, 'Link.A') !== text(actual, 'Link.B')) return false;
    const match = /^Metric\.(AB|BA)(Packets|Bytes)$/.exec(field);
    if (match === null) return false;
    const all = number(actual, `Metric.AB${match[2]}`) + number(actual, `Metric.BA${match[2]}`);
    return number(expected, field) === (match[1] === 'AB' ? 0 : all);
  },
};

const nonIp: Rule = {
  name: 'non-ip-counters',
  reason:
    'the reference makes flows without IP in L3 mode, or where there are no MACs, and counts nothing on them',
  explains(field, { expected, actual, options }) {
    const isByIp = options.layerKeyMode === 'L3' || expected['Link'] === undefined;
    if (!isByIp || expected['Network'] !== undefined) return false;
    if (!COUNTERS.some((counter) => counter === field)) return false;
    const isZero = COUNTERS.every((counter) => flatten(expected).get(counter) === 0);
    return isZero && number(actual, field) > 0;
  },
};

const fragments: Rule = {
  name: 'defragmented-bytes',
  reason: 'the reference counts only the fragment that completes a datagram; here all of them',
  explains(field, { actual, expectedFlows, actualFlows, options, packets }) {
    const match = /^Metric\.(AB|BA)(Packets|Bytes)$/.exec(field);
    if (!options.ipDefrag || match === null) return false;
    const a = text(actual, 'Network.A');
    const b = text(actual, 'Network.B');
    const isSamePair = (from: string, to: string) => (from === a && to === b) || (from === b && to === a);
    // What A sent is AB of flows that start at A and BA of those that start at B.
    const sender = match[1] === 'AB' ? a : b;
    const sum = (flows: readonly Json[]) =>
      flows.reduce((total, flow) => {
        const from = text(flow, 'Network.A');
        if (!isSamePair(from, text(flow, 'Network.B')) || text(flow, 'ParentUUID') !== '') return total;
        return total + number(flow, `Metric.${from === sender ? 'AB' : 'BA'}${match[2]}`);
      }, 0);
    const left = earlierFragments(packets, options.linkType ?? 1)
      .filter((fact) => fact.a === sender && isSamePair(fact.a, fact.b))
      .reduce((total, fact) => total + (match[2] === 'Packets' ? fact.packets : fact.bytes), 0);
    return left > 0 && sum(actualFlows) - sum(expectedFlows) === left;
  },
};

const negativeLength: Rule = {
  name: 'negative-length',
  reason:
    'the reference knows the length of a packet only behind Ethernet and IPv4; what tunnels hold behind other headers gets a negative one',
  explains(field, { expected, actual }) {
    if (text(actual, 'ParentUUID') === '' || !/^Metric\.(AB|BA)Bytes$/.test(field)) return false;
    return number(expected, field) < 0 && number(actual, field) >= 0;
  },
};

const cutHeader: Rule = {
  name: 'cut-header-bytes',
  reason:
    'the reference counts no bytes where the IP header that tells them was cut; here the bytes on the wire',
  explains(field, { expected, actual, options }) {
    const isByIp = options.layerKeyMode !== 'L3' && actual['Link'] === undefined;
    const isCut = actual['Network'] !== undefined && !/[.:]/.test(text(actual, 'Network.A'));
    if (!isByIp || !isCut || !/^Metric\.(AB|BA)Bytes$/.test(field)) return false;
    return number(expected, field) === 0 && number(actual, field) > 0;
  },
};

export const rules: readonly Rule[] = [
  ...tcpRules,
  loopback,
  sameMacs,
  nonIp,
  fragments,
  negativeLength,
  cutHeader,
  mplsRetry,
];

/** The rule that explains a differing field, if any. */
export function ruleFor(field: string, difference: Difference): Rule | undefined {
  return rules.find((rule) => rule.explains(field, difference));
}
