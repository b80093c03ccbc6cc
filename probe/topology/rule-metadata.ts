/**
 * Rules of policy routing as the graph shows them: metadata `RoutingRules` of the node that owns the namespace. The
 * reference has no such key; without it its routing tables beyond main do not tell who uses them. The rules that
 * every namespace is born with say nothing and are left out: alone they make no key.
 */
import type { Json } from '../../core/graph/element.ts';
import { limits } from '../../core/limits.ts';
import type { PortRange, Rule } from './rtnetlink/rule.ts';

const ACTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'lookup'],
  [2, 'goto'],
  [3, 'nop'],
  [6, 'blackhole'],
  [7, 'unreachable'],
  [8, 'prohibit'],
]);
const LOOK_UP = 1;
const LOCAL = 255;
const MAIN = 254;
const DEFAULT = 253;
/** Priority → table. */
const BORN_WITH: ReadonlyMap<number, number> = new Map([
  [0, LOCAL],
  [32_766, MAIN],
  [32_767, DEFAULT],
]);
const FWMARK_MASK_ALL = 0xffff_ffff;

/** In the order in which the kernel asks them; undefined = only those that every namespace has. */
export function routingRules(rules: readonly Rule[]): {
  readonly rules: Json | undefined;
  readonly cut: boolean;
} {
  const own = rules.filter((rule) => !isBornWith(rule));
  if (own.length === 0) return { rules: undefined, cut: false };
  const inOrder = own.toSorted((a, b) => a.version - b.version || a.priority - b.priority);
  return {
    rules: inOrder.slice(0, limits.tableEntriesPerNodeMax).map((rule) => ruleJson(rule)),
    cut: own.length > limits.tableEntriesPerNodeMax,
  };
}

function isBornWith(rule: Rule): boolean {
  return (
    BORN_WITH.get(rule.priority) === rule.table &&
    rule.action === LOOK_UP &&
    Object.keys(ruleJson(rule)).length === PLAIN_KEYS
  );
}

/** Family, Priority, Action, Table, Protocol. */
const PLAIN_KEYS = 5;

function ruleJson(rule: Rule): { readonly [key: string]: Json } {
  const members: { readonly [key: string]: Json | undefined } = {
    Family: rule.version === 4 ? 'IPV4' : 'IPV6',
    Priority: rule.priority,
    Action: ACTIONS.get(rule.action) ?? `action${rule.action}`,
    Table: rule.action === LOOK_UP && !rule.vrf ? rule.table : undefined,
    Goto: rule.goTo,
    Not: rule.inverted || undefined,
    Src: rule.source,
    Dst: rule.destination,
    TOS: rule.tos || undefined,
    IIF: rule.inInterface,
    OIF: rule.outInterface,
    FwMark: rule.mark,
    FwMask: rule.markMask === FWMARK_MASK_ALL ? undefined : rule.markMask,
    L3MDev: rule.vrf || undefined,
    UIDs: rangeText(rule.users),
    IPProto: rule.protocol,
    SrcPorts: rangeText(rule.sourcePorts),
    DstPorts: rangeText(rule.destinationPorts),
    SuppressPrefixLen: rule.suppressPrefixLength,
    Protocol: rule.origin,
  };
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

function rangeText(range: PortRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  return range.from === range.to ? `${range.from}` : `${range.from}-${range.to}`;
}
