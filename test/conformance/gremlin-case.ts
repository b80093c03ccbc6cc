/**
 * A Gremlin conformance case (Gremlin notes, section 16): its shape, what came out of running it, and whether that is
 * what the case expects. What is not understood is a difference.
 */
import type { QueryResult } from '../../core/gremlin/context.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { parseQuery, runQuery } from '../../core/gremlin/gremlin.ts';
import { resultToDot } from '../../core/wire/gremlin-dot.ts';
import { resultToJson } from '../../core/wire/gremlin-json.ts';
import { resultToPcap } from '../../core/wire/gremlin-pcap.ts';
import { toBase64 } from '../../core/wire/go-json.ts';
import type { World } from './gremlin-world.ts';

export interface Expectation {
  readonly kind: string;
  readonly ids?: readonly string[];
  readonly ordered?: boolean;
  readonly paths?: readonly (readonly string[])[];
  readonly nodes?: readonly string[] | null;
  readonly edges?: readonly string[] | null;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly value?: unknown;
  readonly unorderedLists?: readonly string[];
  readonly text?: string;
  readonly base64?: string;
  readonly anyOf?: readonly Omit<Expectation, 'kind'>[];
  readonly prefer?: Omit<Expectation, 'kind'>;
  readonly minCount?: number;
  readonly maxCount?: number;
  readonly from?: readonly string[];
}

export interface Case {
  readonly id: string;
  readonly query: string;
  readonly stage?: 'parse' | 'exec' | 'encode';
  readonly error?: string;
  readonly errorPattern?: string;
  readonly expect?: Expectation;
  readonly store?: 'none' | 'noflow';
  readonly accept?: string;
  readonly quirk?: string;
  readonly skydive?: string;
}

const CASE_KEYS: ReadonlySet<string> = new Set(
  'id query group stage error errorPattern skydiveText expect store accept quirk skydive note how'.split(' '),
);
const EXPECT_KEYS: ReadonlySet<string> = new Set(
  'kind ids ordered paths nodes edges groups value unorderedLists text base64 anyOf prefer minCount maxCount from'.split(
    ' ',
  ),
);

export type Outcome =
  | { readonly kind: 'error'; readonly error: GremlinError }
  | {
      readonly kind: 'answer';
      readonly result: QueryResult;
      readonly body: string;
      readonly bytes: Uint8Array;
    }
  /** Something other than an error of the query. */
  | { readonly kind: 'crash'; readonly error: unknown };

export async function outcomeOf(world: World, testCase: Case): Promise<Outcome> {
  try {
    const { result } = await runQuery(parseQuery(testCase.query), world.context(testCase.store));
    return { kind: 'answer', result, ...encode(result, testCase.accept) };
  } catch (error) {
    return error instanceof GremlinError ? { kind: 'error', error } : { kind: 'crash', error };
  }
}

const DOT = 'text/vnd.graphviz';
const PCAP = 'application/vnd.tcpdump.pcap';

function encode(result: QueryResult, accept: string | undefined): { body: string; bytes: Uint8Array } {
  if (accept === DOT) return { body: resultToDot(result), bytes: new Uint8Array(0) };
  if (accept === PCAP) return { body: '', bytes: resultToPcap(result) };
  return { body: resultToJson(result), bytes: new Uint8Array(0) };
}

/** Why the case is not one this runner knows; undefined when it is. */
export function misunderstanding(testCase: Case): string | undefined {
  const unknown = Object.keys(testCase).filter((key) => !CASE_KEYS.has(key));
  if (unknown.length > 0) return `unknown members of the case: ${unknown.join(', ')}`;
  if (typeof testCase.id !== 'string' || typeof testCase.query !== 'string') return 'no id or no query';
  const ends = [testCase.error, testCase.errorPattern, testCase.expect].filter((end) => end !== undefined);
  if (ends.length !== 1) return 'not exactly one of error, errorPattern, expect';
  if (testCase.store !== undefined && testCase.store !== 'none' && testCase.store !== 'noflow')
    return `unknown store ${String(testCase.store)}`;
  if (testCase.skydive !== undefined && testCase.skydive !== 'crash')
    return `unknown value of skydive: ${testCase.skydive}`;
  if (testCase.expect === undefined) return undefined;
  const strange = Object.keys(testCase.expect).filter((key) => !EXPECT_KEYS.has(key));
  return strange.length > 0 ? `unknown members of expect: ${strange.join(', ')}` : undefined;
}

/** The difference between what came out and what the case expects; undefined when there is none. */
export function difference(testCase: Case, outcome: Outcome): string | undefined {
  if (outcome.kind === 'crash') return `crashed: ${String(outcome.error)}`;
  if (testCase.expect === undefined) return errorDifference(testCase, outcome);
  if (outcome.kind === 'error')
    return `expected an answer, got the ${outcome.error.stage} error: ${outcome.error.message}`;
  const { kind } = testCase.expect;
  const wanted = testCase.expect.prefer ?? testCase.expect;
  const { anyOf } = wanted;
  if (anyOf === undefined) return answerDifference({ ...wanted, kind }, outcome);
  const differences = anyOf.map((one) => answerDifference({ ...one, kind }, outcome));
  return differences.includes(undefined) ? undefined : `none of anyOf: ${differences[0]}`;
}

function errorDifference(testCase: Case, outcome: Exclude<Outcome, { kind: 'crash' }>): string | undefined {
  const wanted = testCase.error ?? `/${testCase.errorPattern}/`;
  if (outcome.kind === 'answer') return `expected the error ${wanted}, got: ${outcome.body.slice(0, 200)}`;
  const { stage, message } = outcome.error;
  if (testCase.stage !== undefined && testCase.stage !== stage)
    return `expected an error of stage ${testCase.stage}, got ${stage}: ${message}`;
  const fits =
    testCase.error === undefined
      ? new RegExp(testCase.errorPattern ?? '').test(message)
      : testCase.error === '*' || testCase.error === message;
  return fits ? undefined : `expected the error ${wanted}, got: ${message}`;
}

type Answer = Extract<Outcome, { kind: 'answer' }>;

function answerDifference(expect: Expectation, { result, body, bytes }: Answer): string | undefined {
  switch (expect.kind) {
    case 'nodes':
    case 'edges':
    case 'flows':
      if (result.kind !== expect.kind) return `expected ${expect.kind}, got ${result.kind}`;
      return idsDifference(expect, idsOf(result));
    case 'paths': {
      if (result.kind !== 'paths') return `expected paths, got ${result.kind}`;
      const paths = result.paths.map((path) => path.map((node) => node.id));
      return sameSet(expect.paths ?? [], paths);
    }
    case 'graph': {
      if (result.kind !== 'graph') return `expected a graph, got ${result.kind}`;
      const nodes = [...result.graph.nodes()].map((node) => node.id);
      const edges = [...result.graph.edges()].map((edge) => edge.id);
      return sameSet(expect.nodes ?? [], nodes) ?? sameSet(expect.edges ?? [], edges);
    }
    case 'groups': {
      if (result.kind !== 'groups') return `expected groups, got ${result.kind}`;
      const groups = [...result.groups].map(([key, flows]) => [key, flows.map((flow) => flow.UUID).sort()]);
      const wanted = Object.entries(expect.groups ?? {}).map(([key, uuids]) => [key, [...uuids].sort()]);
      return sameSet(wanted, groups);
    }
    case 'json':
      return jsonDifference(expect, JSON.parse(body));
    case 'text':
      return same(expect.text, body);
    case 'bytes':
      return same(expect.base64, toBase64(bytes));
    default:
      return `unknown kind of expectation ${expect.kind}`;
  }
}

/** Ids of elements, UUIDs of flows. */
export function idsOf(result: QueryResult): string[] {
  if (result.kind === 'nodes') return result.nodes.map((node) => node.id);
  if (result.kind === 'edges') return result.edges.map((edge) => edge.id);
  if (result.kind === 'flows') return result.flows.map((flow) => flow.UUID);
  return [];
}

function idsDifference(expect: Expectation, ids: readonly string[]): string | undefined {
  if (expect.from !== undefined) {
    const strangers = ids.filter((id) => !expect.from!.includes(id));
    if (strangers.length > 0) return `not expected: ${strangers.join(' ')}`;
    const { minCount = 0, maxCount = Infinity } = expect;
    return ids.length >= minCount && ids.length <= maxCount ? undefined : `got ${ids.length} elements`;
  }
  if (expect.ids === undefined) return 'an expectation without ids';
  return expect.ordered === true ? same(expect.ids, ids) : sameSet(expect.ids, ids);
}

function jsonDifference(expect: Expectation, value: unknown): string | undefined {
  const wanted = withSortedLists(expect.value, expect.unorderedLists ?? []);
  const got = withSortedLists(value, expect.unorderedLists ?? []);
  if (expect.ordered === false && Array.isArray(wanted) && Array.isArray(got)) return sameSet(wanted, got);
  return same(wanted, got);
}

/** Lists under the names given, anywhere, in order of the ID of their members. */
function withSortedLists(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((member) => withSortedLists(member, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const list = withSortedLists(inner, names);
      if (!names.includes(name) || !Array.isArray(list)) return [name, list];
      return [name, list.sort((a, b) => (canonical(a.ID) < canonical(b.ID) ? -1 : 1))];
    }),
  );
}

/** JSON with the members of objects in order of their names. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}

export function same(wanted: unknown, got: unknown): string | undefined {
  const [a, b] = [canonical(wanted), canonical(got)];
  return a === b ? undefined : `expected ${shorten(a)}, got ${shorten(b)}`;
}

export function sameSet(wanted: readonly unknown[], got: readonly unknown[]): string | undefined {
  return same(wanted.map(canonical).sort(), got.map(canonical).sort());
}

function shorten(text: string): string {
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
