/** Rules about what filters see: lists, alternatives of expressions, members of structured metadata. */
import type { Param } from '../../core/gremlin/ast.ts';
import type { QueryResult } from '../../core/gremlin/context.ts';
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

/** Keys that the query filters by, with the text compared to, if it is one. */
function filterKeys(difference: Difference): readonly string[] {
  return stepsOf(difference)
    .filter((step) => ['Has', 'HasKey', 'HasNot', 'HasEither', 'Dedup'].includes(step.name))
    .flatMap((step) => step.params.filter((_, index) => index % 2 === 0).map(textOf));
}

/** Edges are filtered like nodes: their lists are looked into, Parent and Child exist. */
function edgesLikeNodes(difference: Difference): boolean {
  const answer = answerOf(difference);
  const { world } = difference;
  const keys = filterKeys(difference);
  const concerned =
    keys.some((key) => key === 'Parent' || key === 'Child') ||
    world.edges.some((edge) =>
      keys.some((key) => Array.isArray(edge.metadata[key.replace(/^Metadata\./, '').split('.')[0]!])),
    );
  if (!concerned || answer === undefined) return false;
  if (answer.kind === 'value') return uses(difference, 'E', 'OutE', 'InE', 'BothE');
  if (answer.kind !== 'edges') return false;
  const negative = uses(difference, 'HasNot');
  return negative
    ? isSubset(idsOf(answer), expectedIds(difference))
    : isSubset(expectedIds(difference), idsOf(answer));
}

/** With a `|` in the expression: the whole text matches one alternative, and nothing that does is missing. */
async function anchorsAll(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex(
    (step) => step.name === 'Has' && step.params.length === 2 && patternOf(step.params[1]).includes('|'),
  );
  if (answerOf(difference) === undefined) return false;
  if (at < 0) return anchorsAmongOthers(difference);
  const before = await answerOfSteps(difference, steps.slice(0, at));
  const after = await answerOfSteps(difference, steps.slice(0, at + 1));
  if (before === undefined || after === undefined) return false;
  const pattern = patternOf(steps[at]!.params[1]);
  const flags = pattern.startsWith('(?i)') ? 'i' : '';
  const whole = new RegExp(`^(?:${pattern.replace(/^\(\?i\)/, '')})$`, flags);
  const path = textOf(steps[at]!.params[0]).split('.');
  const wanted = bearersOf(before)
    .filter(({ data }) => membersAt(data, path).some((one) => typeof one === 'string' && whole.test(one)))
    .map(({ id }) => id);
  return sameSet(wanted, idsOf(after)) === undefined;
}

/** The same where the expression stands among other parameters: all that a step finds matches whole. */
async function anchorsAmongOthers(difference: Difference): Promise<boolean> {
  const steps = stepsOf(difference);
  const at = steps.findIndex((step) => step.params.some((param) => patternOf(param).includes('|')));
  const found = at < 0 ? undefined : await answerOfSteps(difference, steps.slice(0, at + 1));
  if (found === undefined || steps[at]!.name === 'HasEither') return false;
  const { params } = steps[at]!;
  return params.every((param, index) => {
    const pattern = patternOf(param);
    if (!pattern.includes('|')) return true;
    const whole = new RegExp(
      `^(?:${pattern.replace(/^\(\?i\)/, '')})$`,
      pattern.startsWith('(?i)') ? 'i' : '',
    );
    const path = textOf(params[index - 1]).split('.');
    return bearersOf(found).every(({ data }) =>
      membersAt(data, path).some((one) => typeof one === 'string' && whole.test(one)),
    );
  });
}

function patternOf(param: Param | undefined): string {
  return param?.kind === 'predicate' && param.name === 'Regex' ? textOf(param.params[0]) : '';
}

/** What the keys of a filter are looked up in. */
function bearersOf(answer: QueryResult): readonly { id: string; data: unknown }[] {
  if (answer.kind === 'nodes') return answer.nodes.map(({ id, metadata }) => ({ id, data: metadata }));
  if (answer.kind === 'edges') return answer.edges.map(({ id, metadata }) => ({ id, data: metadata }));
  return answer.kind === 'flows' ? answer.flows.map((flow) => ({ id: flow.UUID, data: flow })) : [];
}

/** Values of maps and of second-level lists of structured metadata are those in the JSON. */
function structuredValues(difference: Difference): boolean {
  const last = stepsOf(difference).at(-1);
  if (last?.name === 'ValueMap') return structuredMaps(difference);
  if (last?.name !== 'Values' || difference.testCase.expect?.value !== null) return false;
  const path = textOf(last.params[0]).split('.');
  const ours = valueOf(difference);
  if (path.length < 2 || !Array.isArray(ours)) return false;
  const stored = difference.world.nodes.map((node) => membersAt(node.metadata, path));
  return ours.every((value: unknown) =>
    stored.some((members) => same(members, Array.isArray(value) ? value.flat() : [value]) === undefined),
  );
}

/** ValueMap with more of them than expected, and nothing else. */
function structuredMaps(difference: Difference): boolean {
  const ours = valueOf(difference);
  const wanted: unknown = difference.testCase.expect?.value ?? [];
  if (!Array.isArray(ours) || !Array.isArray(wanted)) return false;
  const known = new Set(wanted.flatMap((one: unknown) => Object.keys(one as object)));
  const rest = ours
    .map((one: unknown) =>
      Object.entries(one as object).filter(([key]) => known.has(key) || !key.includes('.')),
    )
    .filter((entries) => entries.length > 0)
    .map((entries): unknown => Object.fromEntries(entries));
  return rest.length < ours.length || sameSet(ours, rest) !== undefined
    ? sameSet(wanted, rest) === undefined
    : false;
}

/** Existence of a member of a map inside structured metadata. */
function structuredMembers(difference: Difference): boolean {
  const answer = answerOf(difference);
  const keys = filterKeys(difference).filter((key) => key.includes('.'));
  if (answer?.kind !== 'nodes' || keys.length === 0) return false;
  const hasMember = (id: string): boolean => {
    const node = difference.world.nodes.find((one) => one.id === id);
    return node !== undefined && keys.some((key) => membersAt(node.metadata, key.split('.')).length > 0);
  };
  if (uses(difference, 'HasNot')) {
    const removed = expectedIds(difference).filter((id) => !idsOf(answer).includes(id));
    return isSubset(idsOf(answer), expectedIds(difference)) && removed.every(hasMember);
  }
  const added = idsOf(answer).filter((id) => !expectedIds(difference).includes(id));
  return isSubset(expectedIds(difference), idsOf(answer)) && added.every(hasMember);
}

export const MEMBER_RULES: readonly Rule[] = [
  {
    name: 'edges-like-nodes',
    reason: 'filters on edges look into lists, and Parent and Child exist (14.9)',
    holds: edgesLikeNodes,
  },
  {
    name: 'anchored-alternatives',
    reason: 'the anchors of a regular expression hold for all its alternatives (14.10)',
    holds: anchorsAll,
  },
  {
    name: 'structured-values',
    reason: 'Values reads every member of structured metadata, maps and nested lists included (14.7)',
    holds: structuredValues,
  },
  {
    name: 'structured-members',
    reason: 'members of maps inside structured metadata exist (14.7)',
    holds: structuredMembers,
  },
];
