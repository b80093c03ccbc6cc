/**
 * Queries recorded from a running reference, asked again here: the world that they were asked in, what came out otherwise, and
 * why. What changes from one second to the next (counters, neighbours) is left out of the comparison; any other difference needs a rule
 * of gremlin-rules.ts or one of the reasons below.
 */
import type { Query, Step } from '../../core/gremlin/ast.ts';
import { parseQuery, printQuery } from '../../core/gremlin/gremlin.ts';
import { canonical, outcomeOf, same } from './gremlin-case.ts';
import type { Case, Outcome } from './gremlin-case.ts';
import { membersAt } from './gremlin-rule.ts';
import { ruleFor } from './gremlin-rules.ts';
import { makeWorld } from './gremlin-world.ts';
import type { Fixture, World } from './gremlin-world.ts';

export interface RecordedQuery {
  readonly query: string;
  readonly accept: string | undefined;
  /** null: the connection was closed without an answer. */
  readonly status: number | null;
  readonly body: string;
  /** The body where it is no text. */
  readonly bytes?: Uint8Array;
}

/** Members whose values differ from one request to the next; Src is read as the build of the cases reads it. */
const NOISE = /^(Metric|LastUpdateMetric|Neighbors|FDB|UpdatedAt|CreatedAt|Revision|Src|Captures)$/;
const DOT = 'text/vnd.graphviz';

interface Asked {
  readonly one: RecordedQuery;
  readonly world: World;
  readonly outcome: Outcome;
  readonly query: Query | undefined;
}

interface Reason {
  readonly name: string;
  readonly holds: (asked: Asked) => Promise<boolean> | boolean;
}

/** Differences of the recording, not of an answer. */
const REASONS: readonly Reason[] = [
  {
    name: 'release 0.28.0 has no such step',
    holds: ({ one: { body }, outcome }) => {
      const step = /^Expected step function, got: (Neighbors|Workflow)\n/.exec(body)?.[1];
      return step !== undefined && errorOf(outcome)?.startsWith('Expected step function') !== true;
    },
  },
  {
    name: 'another element came first',
    holds: ({ one: { body }, outcome }) =>
      body.startsWith('unable to cast') && errorOf(outcome)?.startsWith('unable to cast') === true,
  },
  {
    name: 'the reference numbers its own words wrongly',
    holds: ({ one: { body }, outcome }) =>
      body.includes('IPV4RANGE') && errorOf(outcome)?.startsWith(body.split(':')[0]!) === true,
  },
  { name: 'any of them may come first', holds: picksOfTheSame },
  {
    name: 'counters change from one second to the next',
    holds: ({ one: { query, status }, outcome }) =>
      status === 200 && outcome.kind === 'answer' && /Values\('(Metric|LastUpdateMetric)'\)$/.test(query),
  },
  {
    name: 'packets of flows in any order, each with its true length',
    holds: ({ one: { bytes }, outcome }) => {
      if (bytes === undefined || outcome.kind !== 'answer' || outcome.bytes.length === 0) return false;
      return same(packetsIn(bytes), packetsIn(outcome.bytes)) === undefined;
    },
  },
  {
    name: 'where the search for a syntax error ended is told',
    holds: ({ one: { body }, outcome }) => {
      const ours = errorOf(outcome);
      const told = body.replace(/\n$/, '');
      return told.startsWith("can't parse filter expression: ") && ours?.startsWith(told) === true;
    },
  },
  {
    name: 'what is no filter is told, not passed over',
    holds: ({ one: { query, status }, outcome }) =>
      query.includes('BPF(') && status === 200 && /filter/i.test(errorOf(outcome) ?? ''),
  },
  {
    name: 'Keys names fields, not the insides of Go structures',
    holds: ({ one: { body }, outcome, query }) => {
      const theirs = jsonOf(body);
      if (query?.steps.at(-1)?.name !== 'Keys' || !Array.isArray(theirs) || outcome.kind !== 'answer')
        return false;
      const fields = new Set(theirs.map((name) => String(name).replace(/\.[a-z].*/, '')));
      return same([...fields], jsonOf(outcome.body)) === undefined;
    },
  },
  {
    name: 'sums over any of them',
    holds: ({ one, outcome, query }) => {
      const names = query?.steps.map(({ name }) => name) ?? [];
      const isSum = names.includes('Dedup') && (names.includes('Aggregates') || names.includes('Sum'));
      return isSum && one.status === 200 && outcome.kind === 'answer' && sameNames(one.body, outcome.body);
    },
  },
  {
    name: 'a bound that is written as a text is a bound',
    holds: async ({ one, world, outcome, query }) => {
      const last = query?.steps.at(-1);
      const [param] = last?.params ?? [];
      if (last?.name !== 'MoreThan' || param?.kind !== 'text' || outcome.kind !== 'answer') return false;
      const bound = {
        ...last,
        params: [{ ...param, kind: 'number' as const, value: Number(param.value), integer: true }],
      };
      const steps = [...query!.steps.slice(0, -1), bound];
      const wanted = await outcomeOf(world, {
        ...caseOf(one),
        query: printQuery({ text: '', steps }),
      });
      return wanted.kind === 'answer' && answerDifference(wanted.body, outcome.body) === undefined;
    },
  },
  {
    name: 'what is no number is told, not passed over',
    holds: ({ one: { query, status }, outcome }) =>
      query.includes('MoreThan(') && status === 200 && /is not an integer/.test(errorOf(outcome) ?? ''),
  },
  {
    name: 'what is no field is told, not passed over',
    holds: ({ one: { query, status }, outcome }) =>
      query.includes('Group(') && status === 200 && errorOf(outcome) === 'Field not found',
  },
];

function errorOf(outcome: Outcome): string | undefined {
  return outcome.kind === 'error' ? outcome.error.message : undefined;
}

/**
 * The reference yields in no order, so that a range, a Dedup and what is made of them are any ones. Both must have as many, and each
 * must be one of what there is without the range.
 */
async function picksOfTheSame({ one, world, outcome, query }: Asked): Promise<boolean> {
  if (query === undefined || outcome.kind !== 'answer' || one.status !== 200) return false;
  const isPick = ({ name }: Step): boolean => name === 'Limit' || name === 'Range' || name === 'Dedup';
  if (!query.steps.some(isPick)) return false;
  const steps = query.steps.filter((step) => !isPick(step));
  const whole = await outcomeOf(world, {
    id: 'recorded',
    query: printQuery({ text: '', steps }),
    store: 'none',
  });
  const [theirs, ours] = [membersOf(one.body), membersOf(outcome.body)];
  const all = whole.kind === 'answer' ? membersOf(whole.body) : undefined;
  if (theirs === undefined || ours === undefined || all === undefined) return false;
  const known = new Set(all);
  return theirs.length === ours.length && theirs.every((member) => known.has(member));
}

/** The packets of a capture file in one order, the length that each had on the wire left out; undefined for another file. */
function packetsIn(file: Uint8Array): readonly string[] | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 24 || view.getUint32(0, true) !== 0xa1b2c3d4) return undefined;
  const packets: string[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const end = at + 16 + view.getUint32(at + 8, true);
    packets.push(
      `${Buffer.from(file.subarray(at, at + 12)).toString('hex')} ${Buffer.from(file.subarray(at + 16, end)).toString('hex')}`,
    );
    at = end;
  }
  return packets.sort();
}

/**
 * The rule by which two answers to a sorted query may differ in their order: the loader decided when elements were made, and what
 * is equal in the key has no order. Undefined when there is none.
 */
export function ruleOfOrder(query: string, wanted: string, got: string): string | undefined {
  if (answerDifference(wanted, got) !== undefined) return undefined;
  const sort = parseQuery(query).steps.findLast(({ name }) => name === 'Sort');
  if (sort === undefined) return undefined;
  const key = sort.params.find(({ kind }) => kind === 'text');
  if (key?.kind !== 'text') return 'elements are sorted by when they were made: the loader decided';
  const path = key.value.split('.');
  const valuesOf = (body: string): readonly unknown[] =>
    ((jsonOf(body) ?? []) as unknown[]).map(
      (member) => [...membersAt(member, path), ...membersAt(member, ['Metadata', ...path])][0],
    );
  const [theirs, ours] = [valuesOf(wanted), valuesOf(got)];
  if (same(theirs, ours) === undefined) return 'what is equal in the key has no order';
  const isGap = (value: unknown): boolean => value === undefined;
  const kept = ours.filter((value) => !isGap(value)) as (number | string)[];
  const direction = sort.params.some((param) => param.kind === 'word' && param.word === 'DESC') ? -1 : 1;
  const isSorted = kept.every((value, at) => at === 0 || compare(kept[at - 1]!, value) * direction <= 0);
  return theirs.some(isGap) && kept.length > 0 && isSorted
    ? 'what lacks the key does not disturb the order of the others'
    : undefined;
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : Number(a > b);
}

/** Whether the names of members, wherever they stand, are the same. */
function sameNames(one: string, other: string): boolean {
  const names = (body: string): string[] =>
    [...new Set([...body.matchAll(/"([A-Za-z]+)":/g)].map(([, name]) => name!))].sort();
  return same(names(one), names(other)) === undefined;
}

/** The members of a list, or of the only object in it, each as text; undefined for anything else. */
function membersOf(body: string): readonly string[] | undefined {
  const value = jsonOf(body);
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const [only] = value as unknown[];
  const isTable =
    value.length === 1 && typeof only === 'object' && only !== null && !('ID' in only) && !('UUID' in only);
  return (isTable ? Object.entries(only) : (value as unknown[])).map((member) => canonical(quiet(member)));
}

/** The world that the answers to `G`, `G.Flows()` and `G.Flows().RawPackets()` show. */
export function worldIn(answerTo: (query: string) => string | undefined): World {
  const [graph] = (jsonOf(answerTo('G') ?? '') ?? [{ Nodes: [], Edges: [] }]) as [
    { Nodes: Fixture['nodes'] | null; Edges: Fixture['edges'] | null },
  ];
  const flows = (jsonOf(answerTo('G.Flows()') ?? '') ?? []) as Fixture['flows'];
  const [rawPackets = {}] = (jsonOf(answerTo('G.Flows().RawPackets()') ?? '') ??
    []) as Fixture['rawPackets'][];
  const history = { nodes: [], edges: [], flows: [], metrics: {}, rawPackets: {} };
  return makeWorld({
    flowExpireSeconds: 600,
    nodes: graph.Nodes ?? [],
    edges: graph.Edges ?? [],
    flows,
    rawPackets,
    history,
  });
}

/** Without noise, and every list in one order: the reference's orders are random. */
function quiet(value: unknown): unknown {
  if (Array.isArray(value)) {
    const members = value.map(quiet).map((member) => [canonical(member), member] as const);
    return members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member);
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !NOISE.test(name));
  return Object.fromEntries(members.map(([name, inner]) => [name, quiet(inner)]));
}

/** What differs beyond noise and order; undefined when nothing does. */
export function answerDifference(wanted: string, got: string): string | undefined {
  if (wanted === got) return undefined;
  const [a, b] = [jsonOf(wanted), jsonOf(got)];
  return a === undefined || b === undefined ? same(wanted, got) : same(quiet(a), quiet(b));
}

/** What the case of a recorded request would be, so that the rules can judge it. */
function caseOf({ query, status, body, accept }: RecordedQuery): Case {
  const common = {
    id: 'recorded',
    query,
    quirk: 'recorded',
    store: 'none' as const,
    ...(accept === undefined ? {} : { accept }),
  };
  if (status === 200 && accept === DOT) return { ...common, expect: { kind: 'text', text: body } };
  if (status === 200)
    return { ...common, expect: { kind: 'json', value: jsonOf(body), ordered: false, ids: idsIn(body) } };
  const error = body.replace('Error while encoding response: ', '').replace(/\n$/, '');
  const isSyntax = /^(found|Expected|Unexpected)/.test(error);
  return { ...common, error, ...(isSyntax ? { stage: 'parse' as const } : {}) };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function idsIn(body: string): string[] {
  const value = jsonOf(body);
  if (!Array.isArray(value)) return [];
  return value.map((member: { ID?: string; UUID?: string } | null) => member?.ID ?? member?.UUID ?? '');
}

export type QueryVerdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'divergent'; readonly rule: string }
  | { readonly kind: 'different'; readonly text: string };

/** What the world answers, as an analyzer words it; crashes are told apart. */
export async function answerIn(
  world: World,
  one: RecordedQuery,
): Promise<{
  readonly status: number;
  readonly body: string;
  readonly bytes: Uint8Array;
  readonly outcome: Outcome;
}> {
  const outcome = await outcomeOf(world, caseOf(one));
  const bytes = outcome.kind === 'answer' ? outcome.bytes : new Uint8Array(0);
  if (outcome.kind === 'crash') return { status: 500, body: String(outcome.error), bytes, outcome };
  if (outcome.kind === 'answer') return { status: 200, body: outcome.body, bytes, outcome };
  const { stage, message } = outcome.error;
  return { status: stage === 'encode' ? 406 : 400, body: `${message}\n`, bytes, outcome };
}

/** Holds what the world answers against what was recorded. */
export async function judgeQuery(world: World, one: RecordedQuery): Promise<QueryVerdict> {
  const { status, body, bytes, outcome } = await answerIn(world, one);
  if (outcome.kind === 'crash') return { kind: 'different', text: `crashed: ${body}` };
  if (one.status === null) return { kind: 'same' };
  const wanted = one.body.replace('Error while encoding response: ', '');
  const difference =
    status !== one.status
      ? `${status} ${body.slice(0, 200)}`
      : bytes.length > 0
        ? 'another capture file'
        : answerDifference(wanted, body);
  if (difference === undefined) return { kind: 'same' };
  const query =
    outcome.kind === 'answer' || outcome.error.stage !== 'parse' ? parseQuery(one.query) : undefined;
  for (const reason of REASONS)
    if (await reason.holds({ one, world, outcome, query })) return { kind: 'divergent', rule: reason.name };
  const rule = await ruleFor({ testCase: caseOf(one), outcome, world, query });
  if (rule !== undefined) return { kind: 'divergent', rule: rule.name };
  return { kind: 'different', text: `recorded ${one.status} ${wanted.slice(0, 200)}, got ${difference}` };
}
