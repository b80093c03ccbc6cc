/** Rules about flows, groups and metrics. */
import type { Param, Step } from '../../core/gremlin/ast.ts';
import type { MetricRecord } from '../../core/gremlin/context.ts';
import { idsOf, same, sameSet } from './gremlin-case.ts';
import {
  answerOf,
  answerOfSteps,
  expectedIds,
  isSubset,
  membersAt,
  stepsOf,
  textOf,
  uses,
  valueOf,
} from './gremlin-rule.ts';
import type { Difference, Rule } from './gremlin-rule.ts';

type FlowJson = Record<string, unknown>;

const BOTH_ENDS: ReadonlySet<string> = new Set(['Network', 'Link', 'Transport']);
const NEGATIVE: ReadonlySet<string> = new Set(['Ne', 'Nee', 'Without']);

/** Flows of the fixture, live and stored. */
function allFlows({ world }: Difference): readonly FlowJson[] {
  return [...world.fixture.flows, ...world.fixture.history.flows];
}

function flowsOfAnswer(difference: Difference): readonly FlowJson[] {
  const answer = answerOf(difference);
  const ids = answer === undefined ? [] : idsOf(answer);
  return allFlows(difference).filter((flow) => ids.includes(String(flow['UUID'])));
}

/** Key and value of the filters in Flows, Has and HasEither. */
function pairs(difference: Difference): readonly (readonly [key: string, value: Param])[] {
  const steps = stepsOf(difference).filter((step) => ['Flows', 'Has', 'HasEither'].includes(step.name));
  return steps.flatMap(({ params }) =>
    params.flatMap((param, index) => {
      const value = params[index + 1];
      return index % 2 === 0 && value !== undefined ? [[textOf(param), value] as const] : [];
    }),
  );
}

function scalarsOf(param: Param): readonly unknown[] {
  if (param.kind === 'predicate') return param.params.flatMap(scalarsOf);
  return 'value' in param ? [param.value] : [];
}

/** Ne, Nee and Without on a bare layer hold for both ends. */
function negativeForBothEnds(difference: Difference): boolean {
  const concerned = pairs(difference).filter(
    ([key, value]) => BOTH_ENDS.has(key) && value.kind === 'predicate' && NEGATIVE.has(value.name),
  );
  const answer = answerOf(difference);
  if (concerned.length === 0 || answer === undefined) return false;
  if (answer.kind !== 'flows') return answer.kind === 'value';
  return (
    isSubset(idsOf(answer), expectedIds(difference)) &&
    concerned.every(([key, value]) =>
      flowsOfAnswer(difference).every((flow) =>
        ['A', 'B'].every((end) =>
          membersAt(flow, [key, end]).every((member) => !scalarsOf(value).includes(member)),
        ),
      ),
    )
  );
}

const ALIASES: Readonly<Record<string, readonly [layer: string, protocol: string]>> = {
  ETHERNET: ['Link', 'ETHERNET'],
  IPV4: ['Network', 'IPV4'],
  IPV6: ['Network', 'IPV6'],
  TCP: ['Transport', 'TCP'],
  UDP: ['Transport', 'UDP'],
  SCTP: ['Transport', 'SCTP'],
};

function aliasOf(key: string): readonly [string, string] | undefined {
  const [prefix = ''] = key.split('.');
  return Object.hasOwn(ALIASES, prefix) ? ALIASES[prefix] : undefined;
}

/** `TCP.B` is the port of TCP flows and of no others. */
function aliasesMeanProtocols(difference: Difference): boolean {
  const answer = answerOf(difference);
  const keys = pairs(difference).map(([key]) => key);
  const aliases = keys.map(aliasOf).filter((alias) => alias !== undefined);
  if (aliases.length === 0 || answer === undefined) return false;
  if (answer.kind !== 'flows') return answer.kind === 'value';
  return flowsOfAnswer(difference).every((flow) =>
    aliases.some(([layer, protocol]) => membersAt(flow, [layer, 'Protocol']).includes(protocol)),
  );
}

/** `DNS.Questions.Name` and `DNS.questions.name` are the same: compared without case and underscores. */
function flowMember(flow: unknown, key: string): readonly unknown[] {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name.replaceAll('_', '').toLowerCase(), plain(inner)]),
    );
  };
  return membersAt(plain(flow), key.replaceAll('_', '').toLowerCase().split('.'));
}

const NEW_FIELDS = /^(FinishType|RawPacketsCaptured|VRRPv2\b.*|DNS\..+|DHCPv4\..+|ICMP\..+)$/;

/** Fields that the reference cannot read: every flow that is found has them, and the value where one is asked for. */
async function moreFields(difference: Difference): Promise<boolean> {
  const concerned = pairs(difference).filter(([key]) => NEW_FIELDS.test(key));
  const steps = stepsOf(difference);
  const flows = await answerOfSteps(difference, steps.at(-1)?.name === 'Count' ? steps.slice(0, -1) : steps);
  if (concerned.length === 0 || answerOf(difference) === undefined || flows?.kind !== 'flows') return false;
  return flows.flows.every((flow) =>
    concerned.some(([key, value]) => {
      const json = allFlows(difference).find((one) => one['UUID'] === flow.UUID);
      const members = key === 'FinishType' ? finishOf(json) : flowMember(json, key);
      return value.kind === 'predicate'
        ? members.length > 0
        : scalarsOf(value).some((wanted) => members.includes(wanted));
    }),
  );
}

/** FinishType is left out of the JSON when it is 0; it answers to its name too. */
function finishOf(flow: FlowJson | undefined): readonly unknown[] {
  const [finish = 0] = flowMember(flow, 'FinishType');
  return [finish, ['NOT_FINISHED', 'TIMEOUT', 'TCP_FIN', 'TCP_RST'][Number(finish)]];
}

/** A flow without the field is skipped by Values and Sum, and stays in Sort and Dedup. */
async function missingFieldsAreSkipped(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const last = steps.at(-1);
  const answer = answerOf(difference);
  if (!uses(difference, 'Flows') || last === undefined || answer === undefined) return false;
  if (answer.kind === 'flows' && uses(difference, 'Sort', 'Dedup'))
    return isSubset(expectedIds(difference), idsOf(answer));
  if (last.name === 'Count' && uses(difference, 'Sort', 'Dedup')) {
    const counted = await answerOfSteps(difference, steps.slice(0, -1));
    const wanted = Number(difference.testCase.expect?.value);
    return (
      counted?.kind === 'flows' &&
      counted.flows.length === valueOf(difference) &&
      counted.flows.length >= wanted
    );
  }
  if (last.name !== 'Values' && last.name !== 'Sum') return false;
  const before = await answerOfSteps(difference, steps.slice(0, -1));
  if (before?.kind !== 'flows') return false;
  const key = textOf(last.params[0]);
  const found = before.flows.flatMap((flow) =>
    flowMember(
      allFlows(difference).find((json) => json['UUID'] === flow.UUID),
      key,
    ),
  );
  if (last.name === 'Values') return same(found, valueOf(difference)) === undefined;
  return valueOf(difference) === found.reduce((sum: number, value) => sum + Number(value), 0);
}

/** Groups by the fields named; MoreThan(n) keeps those with more than n flows. */
async function groupParameters(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const answer = answerOf(difference);
  const at = steps.findIndex((step) => step.name === 'Group');
  const last = steps.at(-1);
  if (at < 0 || answer?.kind !== 'groups') return false;
  const flows = await answerOfSteps(difference, steps.slice(0, at));
  if (flows?.kind !== 'flows') return false;
  const keys = steps[at]!.params.length === 0 ? ['TrackingID'] : steps[at]!.params.map(textOf);
  const counts = new Map<string, number>();
  for (const flow of flows.flows) {
    const json = allFlows(difference).find((one) => one['UUID'] === flow.UUID);
    const key = keys.map((name) => flowMember(json, name).join('')).join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const bound = boundOf(last);
  const wanted = [...counts].filter(([, count]) => count > bound);
  const ours = [...answer.groups].map(([key, group]) => [key, group.length] as const);
  return sameSet(wanted, ours) === undefined;
}

function boundOf(last: Step | undefined): number {
  if (last?.name !== 'MoreThan') return 0;
  const [param] = last.params;
  return param?.kind === 'number' ? param.value : 1;
}

const TO_NODES: ReadonlySet<string> = new Set(['Hops', 'Nodes', 'CaptureNode', 'In', 'Out', 'Both']);

/** Every filter behind Hops counts: what is found passes each of them, seen alone. */
async function everyFilterCounts(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => TO_NODES.has(step.name));
  const answer = answerOf(difference);
  if (at < 0 || answer?.kind !== 'nodes') return false;
  const filters = steps.slice(at + 1).filter((step) => step.name === 'Has');
  if (filters.length < 2 && !(filters.length === 1 && steps[at]!.params.length > 0)) return false;
  for (const filter of filters) {
    const matching = await answerOfSteps(difference, [{ name: 'V', params: [], offset: 0 }, filter]);
    if (matching === undefined || !isSubset(idsOf(answer), idsOf(matching))) return false;
  }
  return true;
}

/** Both().Limit(n) yields n nodes at most. */
function bothIsCut(difference: Difference): boolean {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step, index) => step.name === 'Both' && steps[index + 1]?.name === 'Limit');
  const bound = steps[at + 1]?.params[0];
  const answer = answerOf(difference);
  return (
    at > 0 &&
    uses(difference, 'Flows') &&
    bound?.kind === 'number' &&
    answer?.kind === 'nodes' &&
    answer.nodes.length <= bound.value &&
    isSubset(idsOf(answer), expectedIds(difference))
  );
}

function totals(records: Iterable<readonly MetricRecord[]>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const list of records)
    for (const { counters } of list)
      for (const [name, counter] of Object.entries(counters))
        if (name !== 'RTT' && counter !== 0) sums[name] = (sums[name] ?? 0) + counter;
  return sums;
}

/** Aggregates of interface metrics: the slices expected, and no unit lost. */
async function nothingIsLost(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => step.name === 'Aggregates');
  if (at < 0) return false;
  const before = await answerOfSteps(difference, steps.slice(0, at));
  const after = await answerOfSteps(difference, steps.slice(0, at + 1));
  if (before?.kind !== 'metrics' || after?.kind !== 'metrics') return false;
  const records = [...before.metrics.values()].flat();
  const start = Math.min(...[...after.metrics.values()].flat().map((record) => record.Start));
  if (!records.some((record) => record.family === 'interface' || record.Last <= start)) return false;
  // A time context may cut metrics off; without one all of them lie inside.
  return (
    uses(difference, 'Context') ||
    same(totals(before.metrics.values()), totals(after.metrics.values())) === undefined
  );
}

/** Names of Go's own, not of the metric. */
const INTERNAL_NAMES: ReadonlySet<string> = new Set(['state', 'sizeCache', 'unknownFields']);

function noInternalKeys(difference: Difference): boolean {
  const wanted: unknown = difference.testCase.expect?.value;
  if (!uses(difference, 'Metrics') || stepsOf(difference).at(-1)?.name !== 'Keys') return false;
  if (!Array.isArray(wanted)) return false;
  const named = wanted.filter((name: unknown) => !INTERNAL_NAMES.has(String(name)));
  return named.length < wanted.length && sameSet(named, valueOf(difference) as unknown[]) === undefined;
}

/** Nodes without TID have no flows, in the past either. */
async function noTidNoFlows(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => step.name === 'Flows');
  const answer = answerOf(difference);
  if (!uses(difference, 'Context') || at < 0 || answer?.kind !== 'flows') return false;
  const nodes = await answerOfSteps(difference, steps.slice(0, at));
  if (nodes?.kind !== 'nodes' && nodes?.kind !== 'paths') return false;
  const tids = new Set(
    (nodes.kind === 'nodes' ? nodes.nodes : nodes.paths.flat()).map((node) => node.metadata['TID']),
  );
  return answer.flows.every((flow) => tids.has(flow.NodeTID));
}

/** In the past a range before Metrics or RawPackets counts flows, and Dedup works. */
async function rangeCountsFlows(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => step.name === 'Metrics' || step.name === 'RawPackets');
  if (!uses(difference, 'Context') || at < 0 || !uses(difference, 'Limit', 'Range', 'Dedup')) return false;
  const flows = await answerOfSteps(difference, steps.slice(0, at));
  const after = await answerOfSteps(difference, steps.slice(0, at + 1));
  if (flows?.kind !== 'flows') return false;
  const keys =
    after?.kind === 'metrics'
      ? after.metrics.keys()
      : after?.kind === 'packets'
        ? after.packets.keys()
        : undefined;
  return keys !== undefined && isSubset([...keys], idsOf(flows));
}

export const flowRules: readonly Rule[] = [
  {
    name: 'negative-for-both-ends',
    reason: 'Ne, Nee and Without on Network, Link and Transport ask that neither end has the value (14.14)',
    holds: negativeForBothEnds,
  },
  {
    name: 'aliases-mean-protocols',
    reason: 'TCP., UDP., IPV4. … look at the protocol and carry ports (14.23)',
    holds: aliasesMeanProtocols,
  },
  {
    name: 'more-flow-fields',
    reason: 'FinishType, RawPacketsCaptured, members of DNS and other layers can be queried',
    holds: moreFields,
  },
  {
    name: 'missing-fields-are-skipped',
    reason: 'a flow without the field does not lose or fail the others (14.13)',
    holds: missingFieldsAreSkipped,
  },
  {
    name: 'group-parameters',
    reason: 'Group(k) groups by k, MoreThan(n) means more than n (14.15)',
    holds: groupParameters,
  },
  {
    name: 'every-filter-counts',
    reason: 'every Has behind Hops, Nodes, In … counts, not the last alone (14.16)',
    holds: everyFilterCounts,
  },
  { name: 'both-is-cut', reason: 'Both().Limit(n) on flows yields n nodes at most (14.6)', holds: bothIsCut },
  {
    name: 'nothing-is-lost',
    reason: 'split interface metrics keep the remainder, and none blocks those behind it (14.18)',
    holds: nothingIsLost,
  },
  {
    name: 'no-internal-keys',
    reason: 'Keys of flow metrics names the fields of the metric only (8.5)',
    holds: noInternalKeys,
  },
  {
    name: 'no-tid-no-flows',
    reason: 'nodes without TID have no flows in the past (14.19)',
    holds: noTidNoFlows,
  },
  {
    name: 'range-counts-flows',
    reason: 'in the past a range before Metrics or RawPackets counts flows (14.19)',
    holds: rangeCountsFlows,
  },
];
