/** Rules about TCP: what the reference must have made of a connection's flags, and what we make of them. */
import type { Json } from './flows-case.ts';
import { tcpFacts } from './flows-facts.ts';
import type { TcpFact } from './flows-facts.ts';
import { number, text } from './flows-rule.ts';
import type { Difference, Rule } from './flows-rule.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const TCP_FIN = 2;
const TCP_RST = 3;

interface SidedFact extends TcpFact {
  readonly isFromA: boolean;
}

/** TCP packets of a flow in order, with whether A sent them. Where another tunnel held the same before, it is left out. */
function tcpOf({ actual, options, packets }: Difference): SidedFact[] {
  const a = text(actual, 'Network.A');
  const b = text(actual, 'Network.B');
  const portA = number(actual, 'Transport.A');
  const portB = number(actual, 'Transport.B');
  const start = number(actual, 'Start');
  return tcpFacts(packets, options.linkType ?? 1).flatMap((fact): SidedFact[] => {
    if (fact.timeMs < start) return [];
    if (fact.a === a && fact.b === b && fact.portA === portA && fact.portB === portB)
      return [{ ...fact, isFromA: true }];
    if (fact.a === b && fact.b === a && fact.portA === portB && fact.portB === portA)
      return [{ ...fact, isFromA: false }];
    return [];
  });
}

function hasEqualIps(flow: Json): boolean {
  return text(flow, 'Network.A') === text(flow, 'Network.B');
}

/** FinishType by the first packet only. */
function finishOfFirst(facts: readonly SidedFact[]): number {
  const flags = facts[0]?.flags ?? 0;
  return (flags & FIN) !== 0 ? TCP_FIN : (flags & RST) !== 0 ? TCP_RST : 0;
}

/** FinishType by all packets: an RST, FIN of both sides or of the first packet; a SYN alone begins anew. */
function finishOfAll(facts: readonly SidedFact[]): number {
  let finish = (facts[0]?.flags ?? 0) & FIN ? TCP_FIN : 0;
  let fins = new Set<boolean>();
  for (const { flags, isFromA } of facts) {
    if ((flags & (SYN | ACK | RST)) === SYN) {
      finish = 0;
      fins = new Set();
    }
    if ((flags & FIN) !== 0) fins.add(isFromA);
    if (finish !== 0) continue;
    if ((flags & RST) !== 0) finish = TCP_RST;
    else if (fins.size === 2) finish = TCP_FIN;
  }
  return finish;
}

const finish: Rule = {
  name: 'finish-type',
  reason:
    'the reference looks for FIN and RST in the first packet only; here FIN of both sides or an RST at any time, and a new SYN reopens',
  explains(field, difference) {
    if (field !== 'FinishType') return false;
    const facts = tcpOf(difference);
    return (
      number(difference.expected, field) === finishOfFirst(facts) &&
      number(difference.actual, field) === finishOfAll(facts)
    );
  },
};

const repeatedSyn: Rule = {
  name: 'repeated-syn',
  reason: 'the reference counts a repeated SYN of A as the SYN of B; here each side has its first',
  explains(field, difference) {
    const match = /^TCPMetric\.BASyn(Start|TTL)$/.exec(field);
    if (match === null) return false;
    const syns = tcpOf(difference).filter(({ flags }) => (flags & SYN) !== 0);
    const [first, second] = syns;
    const member = match[1] === 'TTL' ? 'ttl' : 'timeMs';
    const theirs = first?.isFromA ? second : first;
    const ours = syns.find(({ isFromA }) => !isFromA);
    return (
      number(difference.expected, field) === (theirs?.[member] ?? 0) &&
      number(difference.actual, field) === (ours?.[member] ?? 0)
    );
  },
};

/** Who sent it is told by the IP alone, so that between equal ones it is always A. */
const equalIps: Rule = {
  name: 'loopback-tcp-metric',
  reason:
    'between equal IPs the reference takes every SYN, FIN and RST for one of A; here the side that sent it',
  explains(field, difference) {
    const match = /^TCPMetric\.(AB|BA)(Syn|Fin|Rst)(Start|TTL)$/.exec(field);
    if (match === null || !hasEqualIps(difference.actual)) return false;
    const [, side, kind, what] = match;
    const member = what === 'TTL' ? 'ttl' : 'timeMs';
    // SYN before FIN before RST where a packet has several.
    const [bit, others] = { Syn: [SYN, 0], Fin: [FIN, SYN], Rst: [RST, SYN | FIN] }[kind!]!;
    const facts = tcpOf(difference).filter(({ flags }) => (flags & bit!) !== 0 && (flags & others!) === 0);
    const mine = facts.filter(({ isFromA }) => isFromA === (side === 'AB'));
    // The first SYN of a side, the latest FIN or RST.
    const ours = kind === 'Syn' ? mine[0] : mine.at(-1);
    const theirs = kind === 'Syn' ? facts[side === 'AB' ? 0 : 1] : side === 'AB' ? facts.at(-1) : undefined;
    return (
      number(difference.expected, field) === (theirs?.[member] ?? 0) &&
      number(difference.actual, field) === (ours?.[member] ?? 0)
    );
  },
};

export const tcpRules: readonly Rule[] = [finish, repeatedSyn, equalIps];
