/** What a rule about an intended difference is, and what rules have in common. */
import type { Param, Query, Step, StepName } from '../../core/gremlin/ast.ts';
import type { QueryResult } from '../../core/gremlin/context.ts';
import { printQuery, runQuery } from '../../core/gremlin/gremlin.ts';
import type { Case, Outcome } from './gremlin-case.ts';
import type { World } from './gremlin-world.ts';

export interface Difference {
  readonly testCase: Case;
  readonly outcome: Outcome;
  readonly world: World;
  /** Undefined when the text is no query here either. */
  readonly query: Query | undefined;
}

export interface Rule {
  readonly name: string;
  readonly reason: string;
  /** Also for cases without the tag `quirk`: where another part of the notes overrules the cases. */
  readonly untagged?: boolean;
  readonly holds: (difference: Difference) => Promise<boolean> | boolean;
}

export function stepsOf({ query }: Difference): readonly Step[] {
  return query?.steps ?? [];
}

export function uses(difference: Difference, ...names: readonly StepName[]): boolean {
  return stepsOf(difference).some((step) => names.includes(step.name));
}

export function textOf(param: Param | undefined): string {
  return param?.kind === 'text' ? param.value : '';
}

export function answerOf({ outcome }: Difference): QueryResult | undefined {
  return outcome.kind === 'answer' ? outcome.result : undefined;
}

export function valueOf(difference: Difference): unknown {
  const answer = answerOf(difference);
  return answer?.kind === 'value' ? answer.value : undefined;
}

/** The answer of some of the query's steps; undefined when they fail. */
export async function answerOfSteps(
  { world, testCase }: Difference,
  steps: readonly Step[],
): Promise<QueryResult | undefined> {
  return answerOfQuery(world, testCase, { text: printQuery({ text: '', steps }), steps });
}

async function answerOfQuery(world: World, testCase: Case, query: Query): Promise<QueryResult | undefined> {
  try {
    return (await runQuery(query, world.context(testCase.store))).result;
  } catch {
    return undefined;
  }
}

/** All parameters, those inside predicates too. */
export function allParams(steps: readonly Step[]): readonly Param[] {
  const inside = (param: Param): readonly Param[] =>
    param.kind === 'predicate' ? [param, ...param.params.flatMap(inside)] : [param];
  return steps.flatMap((step) => step.params.flatMap(inside));
}

export function expectedIds({ testCase }: Difference): readonly string[] {
  return testCase.expect?.ids ?? [];
}

export function isSubset(some: readonly string[], of: readonly string[]): boolean {
  return some.every((id) => of.includes(id));
}

/** The value under a dotted path of plain JSON, lists entered and flattened; independent of the code under test. */
export function membersAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((member) => membersAt(member, path));
  const [name, ...rest] = path;
  if (name === undefined) return value === undefined ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return membersAt((value as Record<string, unknown>)[name], rest);
}
