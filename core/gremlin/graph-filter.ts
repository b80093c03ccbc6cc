/**
 * A query as the filter of a graph subscriber: it must yield a graph and ask nothing but the live one (WebSocket notes,
 * sections 2 and 7). `G.V().Has(…).SubGraph()` is told apart, because whether an element belongs to it can be
 * seen from the element itself and the ends of its edges; such a filter never has to run over the graph again.
 */
import { isTopologyOnly, resultKindOf } from './accepts.ts';
import type { Query, Step, StepName } from './ast.ts';
import { elementConditions, elementTest, type ElementTest } from './element-filter.ts';
import { GremlinError } from './errors.ts';
import { parseQuery } from './parser.ts';
import { filterOf } from './steps/filter.ts';

export type GraphFilter =
  /** `G`: the whole graph. */
  | { readonly kind: 'all' }
  | { readonly kind: 'local'; readonly query: Query; readonly newTests: () => LocalTests }
  | { readonly kind: 'general'; readonly query: Query };

/** Edges belong when both ends do and `edge` holds. */
export interface LocalTests {
  readonly node: ElementTest;
  readonly edge: ElementTest | undefined;
}

export type GraphFilterFault = 'invalid' | 'not-a-graph' | 'not-live';

/** The filter, or why the text cannot be one. */
export function readGraphFilter(text: string): GraphFilter | { readonly fault: GraphFilterFault } {
  let query: Query;
  try {
    query = parseQuery(text);
  } catch (error) {
    if (error instanceof GremlinError) return { fault: 'invalid' };
    throw error;
  }
  if (!yieldsGraph(query)) return { fault: 'not-a-graph' };
  if (!isTopologyOnly(query)) return { fault: 'not-live' };
  if (query.steps.length === 0) return { kind: 'all' };
  return isLocal(query)
    ? { kind: 'local', query, newTests: () => localTests(query) }
    : { kind: 'general', query };
}

function yieldsGraph(query: Query): boolean {
  try {
    return resultKindOf(query) === 'graph';
  } catch (error) {
    if (error instanceof GremlinError) return false;
    throw error;
  }
}

const LOOKS_AT_ONE: ReadonlySet<StepName> = new Set<StepName>(['Has', 'HasKey', 'HasNot', 'HasEither']);

function isLocal({ steps }: Query): boolean {
  const between = steps.slice(1, -1);
  if (steps[0]?.name !== 'V' || steps.at(-1)?.name !== 'SubGraph') return false;
  if (!between.every((step) => LOOKS_AT_ONE.has(step.name) && step.params.length > 0)) return false;
  try {
    localTests({ text: '', steps });
    return true;
  } catch (error) {
    // A parameter that is found wrong only when the query runs: it is told then.
    if (error instanceof GremlinError) return false;
    throw error;
  }
}

/** Made anew from time to time: the work of a regular expression is bounded for each time it was made. */
function localTests({ steps }: Query): LocalTests {
  const tests = steps.slice(1, -1).map((step) => filterOf(step, undefined, 'node'));
  const id = idOf(steps[0]!);
  if (id !== undefined) tests.unshift((node) => node.id === id);
  const edge = elementTest(elementConditions(steps.at(-1)!.params), 'edge');
  return { node: (node) => tests.every((test) => test(node)), edge };
}

function idOf(step: Step): string | undefined {
  const [id] = step.params;
  return id?.kind === 'text' ? id.value : undefined;
}
