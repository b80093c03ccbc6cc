/**
 * Queries recorded from a running reference (release 0.28.0) against one lab: its graph and flows are loaded here, every
 * query is asked again. What changes from one second to the next (counters, neighbours) is left out of the comparison;
 * other differences need a rule of gremlin-rules.ts or one of the reasons below.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../core/gremlin/gremlin.ts';
import { canonical, outcomeOf, same } from './gremlin-case.ts';
import type { Case, Outcome } from './gremlin-case.ts';
import { ruleFor } from './gremlin-rules.ts';
import { makeWorld } from './gremlin-world.ts';
import type { Fixture, World } from './gremlin-world.ts';

const DIRECTORY = fileURLToPath(new URL('../../../shared/conformance/recordings/', import.meta.url));

interface Recorded {
  readonly query: string;
  readonly accept: string | undefined;
  /** null: the connection was closed without an answer. */
  readonly status: number | null;
  readonly body: string;
}

/** Members whose values differ from one request to the next; Src is read as the build of the cases reads it. */
const NOISE = /^(Metric|LastUpdateMetric|Neighbors|FDB|UpdatedAt|Revision|Src)$/;

/** Differences of the recording, not of an answer. */
const REASONS: readonly (readonly [reason: string, holds: (one: Recorded, outcome: Outcome) => boolean])[] = [
  [
    'release 0.28.0 has no such step',
    ({ body }) => /^Expected step function, got: (Neighbors|Workflow)\n/.test(body),
  ],
  [
    'another element came first',
    ({ body, query }) => body.startsWith('unable to cast') && query.includes('Sum('),
  ],
  ['the reference numbers its own words wrongly', ({ body }) => body.includes('IPV4RANGE')],
  ['counters change', ({ query }) => query.includes("Values('Metric')")],
  ['the body is compressed', ({ status, body }) => status !== null && /^[A-Za-z0-9+/]{8,}=*$/.test(body)],
  [
    'any flow may come first',
    ({ query }) => /Limit\(|Range\(|Dedup\(/.test(query) && query.includes('Flows'),
  ],
  ['the table was empty for a moment', ({ query, body }) => query === 'G.Flows().Count()' && body === '0\n'],
  ['names of Go', ({ query }) => query.endsWith('Flows().Keys()') || query.endsWith('Metrics().Keys()')],
  ['a filter that is no filter is told, not passed over', ({ query }) => query.includes('BPF(')],
  ['parameters of Group and MoreThan are honoured', ({ query }) => /(Group|MoreThan)\([^)]/.test(query)],
  ['what is no step is no step', ({ query }) => query.includes('.$(')],
  ['raw packets are gone by now', ({ accept }) => accept === 'application/vnd.tcpdump.pcap'],
];

function recordedIn(file: string): readonly Recorded[] {
  const lines = readFileSync(`${DIRECTORY}${file}`, 'utf8').trim().split('\n');
  return lines.flatMap((line): Recorded[] => {
    const { request, response } = JSON.parse(line) as {
      request: { method: string; path: string; headers: Record<string, string>; body: string };
      response: { status: number | null; body: string | null };
    };
    const query = queryIn(request.body);
    if (request.path !== '/api/topology' || request.method !== 'POST' || query === undefined) return [];
    const accept = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'accept')?.[1];
    return [{ query, accept, status: response.status, body: response.body ?? '' }];
  });
}

/** Undefined for bodies that are no request with a query. */
function queryIn(body: string): string | undefined {
  try {
    const { GremlinQuery: query } = JSON.parse(body) as { GremlinQuery?: unknown };
    return typeof query === 'string' && query !== '' ? query : undefined;
  } catch {
    return undefined;
  }
}

function worldOf(recorded: readonly Recorded[]): World {
  const bodyOf = (query: string): string | undefined =>
    recorded.find((one) => one.query === query && one.status === 200 && one.body.startsWith('['))?.body;
  const [graph] = JSON.parse(bodyOf('G') ?? '[{"Nodes":[],"Edges":[]}]') as [
    { Nodes: Fixture['nodes']; Edges: Fixture['edges'] },
  ];
  const flows = JSON.parse(bodyOf('G.Flows()') ?? '[]') as Fixture['flows'];
  const [rawPackets = {}] = JSON.parse(bodyOf('G.Flows().RawPackets()') ?? '[]') as Fixture['rawPackets'][];
  const history = { nodes: [], edges: [], flows: [], metrics: {}, rawPackets: {} };
  return makeWorld({
    flowExpireSeconds: 600,
    nodes: graph.Nodes,
    edges: graph.Edges,
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

function bodyDifference(wanted: string, got: string): string | undefined {
  if (wanted === got) return undefined;
  const [a, b] = [jsonOf(wanted), jsonOf(got)];
  return a === undefined || b === undefined ? same(wanted, got) : same(quiet(a), quiet(b));
}

/** What the case of a recorded request would be, so that the rules can judge it. */
function caseOf({ query, status, body, accept }: Recorded): Case {
  const common = {
    id: 'recorded',
    query,
    quirk: 'recorded',
    store: 'none' as const,
    ...(accept === undefined ? {} : { accept }),
  };
  if (status === 200 && accept === 'text/vnd.graphviz')
    return { ...common, expect: { kind: 'text', text: body } };
  if (status === 200)
    return { ...common, expect: { kind: 'json', value: jsonOf(body), ordered: false, ids: idsIn(body) } };
  const error = body.replace('Error while encoding response: ', '').replace(/\n$/, '');
  const isSyntax = /^(found|Expected|Unexpected)/.test(error);
  return { ...common, error, ...(isSyntax ? { stage: 'parse' as const } : {}) };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function idsIn(body: string): string[] {
  const value = jsonOf(body);
  if (!Array.isArray(value)) return [];
  return value.map((member: { ID?: string; UUID?: string } | null) => member?.ID ?? member?.UUID ?? '');
}

async function differenceOf(world: World, one: Recorded): Promise<string | undefined> {
  const testCase = caseOf(one);
  const outcome = await outcomeOf(world, testCase);
  if (outcome.kind === 'crash') return `crashed: ${String(outcome.error)}`;
  if (one.status === null) return undefined;
  const status = outcome.kind === 'answer' ? 200 : outcome.error.stage === 'encode' ? 406 : 400;
  const body = outcome.kind === 'answer' ? outcome.body : `${outcome.error.message}\n`;
  const wanted = one.body.replace('Error while encoding response: ', '');
  const difference = status === one.status ? bodyDifference(wanted, body) : `${status} ${body.slice(0, 200)}`;
  if (difference === undefined || REASONS.some(([, holds]) => holds(one, outcome))) return undefined;
  const query =
    outcome.kind === 'answer' || outcome.error.stage !== 'parse' ? parseQuery(one.query) : undefined;
  const rule = await ruleFor({ testCase, outcome, world, query });
  return rule === undefined ? `recorded ${one.status} ${wanted.slice(0, 200)}, got ${difference}` : undefined;
}

describe.runIf(existsSync(DIRECTORY))('recorded answers (../shared/conformance/recordings)', () => {
  for (const file of ['topology.jsonl', 'flows-fresh.jsonl', 'flows-updated.jsonl'])
    it(`of ${file} are given again`, async () => {
      const recorded = recordedIn(file);
      const world = worldOf(recorded);
      const differences: string[] = [];
      for (const one of recorded) {
        const difference = await differenceOf(world, one);
        if (difference !== undefined) differences.push(`${one.query}: ${difference}`);
      }
      expect(recorded.length).toBeGreaterThan(200);
      expect(differences).toEqual([]);
    });
});
