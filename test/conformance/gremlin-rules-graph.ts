/** Rules about nodes, edges and their metadata. */
import type { Step } from '../../core/gremlin/ast.ts';
import { printParam } from '../../core/gremlin/print.ts';
import { toInteger } from '../../core/gremlin/values.ts';
import type { Json } from '../../core/graph/element.ts';
import { canonical, idsOf, same, sameSet } from './gremlin-case.ts';
import {
  allParams,
  answerOf,
  answerOfSteps,
  expectedIds,
  stepsOf,
  textOf,
  uses,
  valueOf,
} from './gremlin-rule.ts';
import type { Difference, Rule } from './gremlin-rule.ts';
import { MEMBER_RULES } from './gremlin-rules-member.ts';

/** The steps up to the first range that stands right behind Dedup, As or Select, and that range. */
function rangeBehind(
  steps: readonly Step[],
  names: ReadonlySet<string>,
): { before: readonly Step[]; range: Step; after: readonly Step[] } | undefined {
  const at = steps.findIndex(
    (step, index) =>
      (step.name === 'Limit' || step.name === 'Range') && names.has(steps[index - 1]?.name ?? ''),
  );
  if (at < 0) return undefined;
  return { before: steps.slice(0, at), range: steps[at]!, after: steps.slice(at + 1) };
}

const SWALLOWERS: ReadonlySet<string> = new Set(['Dedup', 'As', 'Select']);

/** The members of an answer that ranges cut: ids, or the values of a list. */
function membersOfAnswer(difference: Difference, answer = answerOf(difference)): readonly unknown[] {
  if (answer === undefined) return [];
  if (answer.kind !== 'value') return idsOf(answer);
  return Array.isArray(answer.value) ? answer.value : [];
}

function cutBy(range: Step, members: readonly unknown[]): readonly unknown[] {
  const numbers = range.params.map((param) => (param.kind === 'number' ? param.value : 0));
  return range.name === 'Limit' ? members.slice(0, numbers[0]) : members.slice(numbers[0], numbers[1]);
}

/** What stands behind Dedup, As or Select and a range is that range of what stands there without it. */
async function rangeCountsAfter(difference: Difference): Promise<boolean> {
  const found = rangeBehind(stepsOf(difference), SWALLOWERS);
  if (found === undefined || answerOf(difference) === undefined) return false;
  const whole = await answerOfSteps(difference, found.before);
  const kept = await answerOfSteps(difference, [...found.before, found.range]);
  if (whole === undefined || kept === undefined) return false;
  const wanted = cutBy(found.range, membersOfAnswer(difference, whole));
  return same(wanted, membersOfAnswer(difference, kept)) === undefined;
}

const LIMITED_BEFORE_HAS: ReadonlySet<string> = new Set([
  'V',
  'E',
  'Out',
  'In',
  'Both',
  'OutE',
  'InE',
  'BothE',
  'InV',
  'OutV',
  'BothV',
]);

/** `X().Limit(n).Has(…)`: what remains was among the first n. */
async function limitBeforeHas(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const found = rangeBehind(steps, LIMITED_BEFORE_HAS);
  if (found === undefined || found.after[0]?.name !== 'Has') return false;
  const limited = await answerOfSteps(difference, [...found.before, found.range]);
  const through = await answerOfSteps(difference, [...found.before, found.range, found.after[0]]);
  if (limited === undefined || through === undefined) return false;
  const first = cutBy(
    found.range,
    membersOfAnswer(difference, await answerOfSteps(difference, found.before)),
  );
  const matching = await answerOfSteps(difference, [...found.before, found.after[0]]);
  const wanted = first.filter((id) => matching !== undefined && idsOf(matching).includes(String(id)));
  return same(wanted, idsOf(through)) === undefined;
}

/** As the reference reads a value: an integer when it converts to one. */
function asReference(value: unknown): unknown {
  return toInteger(value as Json) ?? value;
}

function readsStoredValues(difference: Difference): boolean {
  const { testCase } = difference;
  if (!uses(difference, 'Values', 'ValueMap') || testCase.expect?.kind !== 'json') return false;
  const ours = valueOf(difference);
  if (!Array.isArray(ours)) return false;
  const converted = ours.map((member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member) && uses(difference, 'ValueMap')
      ? Object.fromEntries(Object.entries(member).map(([name, value]) => [name, asReference(value)]))
      : asReference(member),
  );
  const wanted: unknown = testCase.expect.value;
  if (!Array.isArray(wanted)) return false;
  // Values that differ as stored can be one when converted.
  const members = uses(difference, 'Dedup') ? uniqueOf(converted) : converted;
  return testCase.expect.ordered === false
    ? sameSet(wanted, members) === undefined
    : same(wanted, members) === undefined;
}

function uniqueOf(values: readonly unknown[]): readonly unknown[] {
  return [...new Map(values.map((value) => [canonical(value), value])).values()];
}

/** The overflow of the year 1, as the reference shows a missing time. */
const NO_TIME = '-6795364578871';

function liveHasNoDeletion(difference: Difference): boolean {
  const mentions = allParams(stepsOf(difference)).some((param) => textOf(param).endsWith('@DeletedAt'));
  const answer = answerOf(difference);
  return (
    mentions && answer !== undefined && !canonical(valueOf(difference) ?? idsOf(answer)).includes(NO_TIME)
  );
}

/** Every path leads over edges to a nearest of the nodes that match. */
async function nearestTargets(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => step.name === 'ShortestPathTo');
  const answer = at < 0 ? undefined : await answerOfSteps(difference, steps.slice(0, at + 1));
  if (answer?.kind !== 'paths') return false;
  const [target, edges] = steps[at]!.params;
  if (target?.kind !== 'predicate' || (edges !== undefined && edges.kind !== 'predicate')) return false;
  const has = (params: Step['params']): Step[] =>
    params.length === 0 ? [] : [{ name: 'Has', params, offset: 0 }];
  const start: Step = { name: 'V', params: [], offset: 0 };
  const targets = await answerOfSteps(difference, [start, ...has(target.params)]);
  const allowed = await answerOfSteps(difference, [{ ...start, name: 'E' }, ...has(edges?.params ?? [])]);
  const sources = await answerOfSteps(difference, steps.slice(0, at));
  if (targets?.kind !== 'nodes' || allowed?.kind !== 'edges' || sources?.kind !== 'nodes') return false;
  const links = allowed.edges.map((edge) => [edge.parent, edge.child] as const);
  const lengths = sources.nodes.map((node) => distance(node.id, new Set(idsOf(targets)), links));
  const reached = lengths.filter((length) => length !== undefined);
  return (
    sameSet(
      reached,
      answer.paths.map((path) => path.length),
    ) === undefined &&
    answer.paths.every((path) => path.every((node, i) => i === 0 || linked(path[i - 1]!.id, node.id, links)))
  );
}

type Links = readonly (readonly [string, string])[];

function linked(a: string, b: string, links: Links): boolean {
  return links.some(([parent, child]) => (parent === a && child === b) || (parent === b && child === a));
}

/** Number of nodes on the shortest way, the plain way: ring by ring. */
function distance(from: string, targets: ReadonlySet<string>, links: Links): number | undefined {
  let ring = new Set([from]);
  const seen = new Set(ring);
  for (let length = 1; ring.size > 0; length++) {
    if ([...ring].some((id) => targets.has(id))) return length;
    const next = new Set<string>();
    for (const [parent, child] of links)
      for (const [a, b] of [
        [parent, child],
        [child, parent],
      ] as const)
        if (ring.has(a) && !seen.has(b)) next.add(b);
    for (const id of next) seen.add(id);
    ring = next;
  }
  return undefined;
}

/** Sort without a key goes by creation, the oldest first. */
function sortsByCreation(difference: Difference): boolean {
  const last = stepsOf(difference).findLast((step) => step.name === 'Sort');
  const answer = answerOf(difference);
  if (last === undefined || last.params.length > 0 || answer === undefined) return false;
  const times = answer.kind === 'nodes' ? answer.nodes.map((node) => node.createdAt) : undefined;
  return (
    times !== undefined &&
    same(
      times.toSorted((a, b) => a - b),
      times,
    ) === undefined &&
    times.length === expectedIds(difference).length
  );
}

/** Numbers before texts, missing last: the same members as expected, in the other order. */
function sortsMixedColumns(difference: Difference): boolean {
  const sort = stepsOf(difference).findLast((step) => step.name === 'Sort');
  const answer = answerOf(difference);
  if (sort === undefined || sort.params.length === 0 || answer === undefined) return false;
  return sameSet(expectedIds(difference), idsOf(answer)) === undefined;
}

export const graphRules: readonly Rule[] = [
  {
    name: 'range-counts-what-it-follows',
    reason: 'Limit and Range behind Dedup, As and Select count what these yield (14.4)',
    holds: rangeCountsAfter,
  },
  {
    name: 'written-order',
    reason: 'Limit before Has limits first (14.5)',
    holds: limitBeforeHas,
  },
  {
    name: 'stored-values',
    reason: 'Values and ValueMap return what is stored: true, 1.75, "010" (14.7)',
    holds: readsStoredValues,
  },
  {
    name: 'no-deletion-time',
    reason: 'a live element has no @DeletedAt (14.8)',
    holds: liveHasNoDeletion,
  },
  {
    name: 'nearest-target',
    reason: 'ShortestPathTo finds the nearest of all that match, predicates included (14.11)',
    holds: nearestTargets,
  },
  {
    name: 'sub-graph-of-duplicates',
    reason: 'SubGraph takes each node once, of several revisions the latest (14.12)',
    holds: (difference) => {
      const answer = answerOf(difference);
      return (
        /^Error while adding (node|edge) to SubGraph/.test(difference.testCase.error ?? '') &&
        uses(difference, 'SubGraph') &&
        answer !== undefined
      );
    },
  },
  {
    name: 'sort-by-creation',
    reason: 'Sort without a key sorts by @CreatedAt (14.17)',
    holds: sortsByCreation,
  },
  {
    name: 'sort-mixed',
    reason: 'numbers sort before texts, what is missing last (14.17)',
    holds: sortsMixedColumns,
  },
  {
    name: 'all-revisions-of-one',
    reason: 'V(id) and E(id) in a time slice return every revision, not the oldest (14.19)',
    holds: async (difference) => {
      const [context, element, ...rest] = stepsOf(difference);
      if (context?.name !== 'Context' || context.params.length !== 2) return false;
      if ((element?.name !== 'V' && element?.name !== 'E') || element.params.length !== 1) return false;
      const id = printParam(element.params[0]!);
      const all = await answerOfSteps(difference, [
        context,
        { ...element, params: [] },
        { name: 'Has', params: [{ kind: 'text', value: '@ID', offset: 0 }, element.params[0]!], offset: 0 },
        ...rest,
      ]);
      const answer = answerOf(difference);
      return id !== '' && all !== undefined && canonical(all) === canonical(answer);
    },
  },
  {
    name: 'neighbors-in-the-past',
    reason: 'Neighbors finds all of them in the past too (14.19)',
    holds: (difference) => {
      const answer = answerOf(difference);
      return (
        uses(difference, 'Context') &&
        uses(difference, 'Neighbors') &&
        answer?.kind === 'nodes' &&
        expectedIds(difference).every((id) => idsOf(answer).includes(id))
      );
    },
  },
  ...MEMBER_RULES,
];
