/**
 * Latency of queries inside one object, on seeded graphs of three sizes: parse, run, and the whole answer as JSON in
 * chunks. The baseline, in the same run, is the plainest thing that answers the same question: a loop over a
 * Map of nodes (or JSON.stringify over its values; baselines that only count make no JSON). `--json FILE` writes the rows.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { GraphEdge, GraphNode, Metadata } from '../core/graph/element.ts';
import { Graph } from '../core/graph/graph.ts';
import type { QueryContext } from '../core/gremlin/context.ts';
import { parseQuery, runQuery } from '../core/gremlin/gremlin.ts';
import { edgeToJson, nodeToJson } from '../core/wire/element-json.ts';
import { resultToJsonChunks } from '../core/wire/gremlin-json.ts';

const SEED = 20_261_124;

interface World {
  readonly graph: Graph;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: ReadonlyMap<string, GraphEdge>;
}

interface Row {
  readonly nodes: number;
  readonly edges: number;
  readonly query: string;
  readonly medianMs: number;
  readonly baseline: string;
  readonly baselineMs: number;
  /** Ours divided by the baseline's. */
  readonly ratio: number;
  readonly bytes: number;
}

/** mulberry32: small, seeded, good enough to spread names. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TYPES = ['veth', 'veth', 'device', 'bridge', 'vxlan', 'netns'];

/** Hosts of 40 nodes each, owned by a host node, linked in chains and across hosts to the edge count asked for. */
function makeWorld(nodeCount: number, edgeCount: number): World {
  const random = randomFrom(SEED);
  const graph = new Graph();
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const common = {
    origin: 'agent.bench',
    createdAt: 1.7e12,
    updatedAt: 1.7e12,
    deletedAt: null,
    revision: 1,
  };
  const addEdge = (parent: string, child: string, RelationType: string): void => {
    const id = `e${edges.size}`;
    const host = nodes.get(parent)!.host;
    const edge: GraphEdge = { ...common, id, host, parent, child, metadata: { RelationType } };
    edges.set(id, edge);
    graph.addEdge(edge);
  };
  for (let i = 0; i < nodeCount; i++) {
    const host = `host-${Math.floor(i / 40)}`;
    const isHost = i % 40 === 0;
    const node: GraphNode = { ...common, id: `n${i}`, host, metadata: metadataOf(i, host, isHost, random) };
    nodes.set(node.id, node);
    graph.addNode(node);
    if (!isHost) addEdge(`n${i - (i % 40)}`, node.id, 'ownership');
  }
  for (let i = 1; i < nodeCount && edges.size < edgeCount; i++) addEdge(`n${i - 1}`, `n${i}`, 'layer2');
  const pick = (): string => `n${Math.floor(random() * nodeCount)}`;
  while (edges.size < edgeCount) addEdge(pick(), pick(), 'layer2');
  return { graph, nodes, edges };
}

function metadataOf(i: number, host: string, isHost: boolean, random: () => number): Metadata {
  if (isHost) return { Name: host, Type: 'host', TID: `tid-${i}`, OS: 'linux' };
  const hex = i.toString(16).padStart(6, '0');
  return {
    Name: `eth${i}`,
    Type: TYPES[Math.floor(random() * TYPES.length)]!,
    TID: `tid-${i}`,
    MAC: `02:00:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`,
    MTU: random() < 0.5 ? 1500 : 900,
    IfIndex: i % 40,
    State: 'UP',
    IPV4: [`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/24`],
    LinkFlags: ['UP', 'BROADCAST', 'RUNNING'],
  };
}

function nameOf(node: GraphNode): string {
  const name = node.metadata['Name'];
  return typeof name === 'string' ? name : '';
}

interface Question {
  readonly query: string;
  readonly baseline: string;
  readonly loop: (world: World) => unknown;
}

function filterMap(world: World, test: (node: GraphNode) => boolean): GraphNode[] {
  const found: GraphNode[] = [];
  for (const node of world.nodes.values()) if (test(node)) found.push(node);
  return found;
}

function questionsFor(world: World): readonly Question[] {
  const last = world.nodes.size - 1;
  const name = `eth${last % 40 === 0 ? last - 1 : last}`;
  const loop = 'loop over a Map';
  return [
    {
      query: 'G.V()',
      baseline: 'JSON.stringify of all',
      loop: () => JSON.stringify([...world.nodes.values()].map(nodeToJson)),
    },
    {
      query: 'G',
      baseline: 'JSON.stringify of all',
      loop: () =>
        JSON.stringify([
          {
            Nodes: [...world.nodes.values()].map(nodeToJson),
            Edges: [...world.edges.values()].map(edgeToJson),
          },
        ]),
    },
    { query: 'G.V().Count()', baseline: loop, loop: () => filterMap(world, () => true).length },
    {
      query: `G.V('n${last}')`,
      baseline: loop,
      loop: () => filterMap(world, (node) => node.id === `n${last}`),
    },
    {
      query: `G.V().Has('Name','${name}')`,
      baseline: loop,
      loop: () => filterMap(world, (node) => node.metadata['Name'] === name),
    },
    {
      query: "G.V().Has('MTU',GT(1000)).Count()",
      baseline: loop,
      loop: () =>
        filterMap(world, ({ metadata: { MTU: mtu } }) => typeof mtu === 'number' && mtu > 1000).length,
    },
    {
      query: "G.V().Has('Name',Regex('eth.*7')).Count()",
      baseline: 'loop over a Map, own RegExp',
      loop: () =>
        filterMap(
          world,
          ({ metadata: { Name: text } }) => typeof text === 'string' && /^(?:eth.*7)$/.test(text),
        ).length,
    },
    {
      query: "G.V().Has('Type','veth').SubGraph()",
      baseline: 'two loops, JSON.stringify',
      loop: () => {
        const nodes = filterMap(world, (node) => node.metadata['Type'] === 'veth');
        const ids = new Set(nodes.map((node) => node.id));
        const edges = [...world.edges.values()].filter((edge) => ids.has(edge.parent) && ids.has(edge.child));
        return JSON.stringify([{ Nodes: nodes.map(nodeToJson), Edges: edges.map(edgeToJson) }]);
      },
    },
    {
      query: "G.V().Sort('Name').Limit(10)",
      baseline: 'sort of all by text',
      loop: () => [...world.nodes.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, 10),
    },
    {
      query: `G.V('n1').ShortestPathTo(Metadata('Name','${name}'))`,
      baseline: 'ring by ring over a list of links',
      loop: () => plainPath(world, name),
    },
    {
      query: `G.V().Has('Type','netns').ShortestPathTo(Metadata('Name','${name}')).Count()`,
      baseline: 'ring by ring, for one of the inputs only',
      loop: () => plainPath(world, name),
    },
  ];
}

/** Distance by going through all links ring after ring. */
function plainPath(world: World, name: string): number {
  let ring = new Set(['n1']);
  const seen = new Set(ring);
  for (let length = 0; ring.size > 0; length++) {
    for (const id of ring) if (world.nodes.get(id)?.metadata['Name'] === name) return length;
    const next = new Set<string>();
    for (const { parent, child } of world.edges.values()) {
      if (ring.has(parent) && !seen.has(child)) next.add(child);
      if (ring.has(child) && !seen.has(parent)) next.add(parent);
    }
    for (const id of next) seen.add(id);
    ring = next;
  }
  return -1;
}

/** Median of runs over about 0.4 s, at least 5. */
async function medianMs(work: () => unknown): Promise<number> {
  await work();
  const times: number[] = [];
  const end = performance.now() + 400;
  while (times.length < 5 || (performance.now() < end && times.length < 400)) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1]!;
}

async function answer(context: QueryContext, question: Question): Promise<number> {
  const { result } = await runQuery(parseQuery(question.query), context);
  let bytes = 0;
  for (const chunk of resultToJsonChunks(result)) bytes += chunk.length;
  return bytes;
}

async function measure(nodeCount: number, edgeCount: number): Promise<Row[]> {
  const world = makeWorld(nodeCount, edgeCount);
  const context: QueryContext = {
    graph: world.graph,
    flows: { search: () => Promise.resolve([]) },
    now: Date.now,
  };
  const rows: Row[] = [];
  for (const question of questionsFor(world)) {
    const bytes = await answer(context, question);
    const ours = await medianMs(() => answer(context, question));
    const plain = await medianMs(() => question.loop(world));
    rows.push({
      nodes: world.nodes.size,
      edges: world.edges.size,
      query: question.query,
      medianMs: round(ours),
      baseline: question.baseline,
      baselineMs: round(plain),
      ratio: round(ours / plain),
      bytes,
    });
  }
  return rows;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'string' } } });
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}, seed ${SEED}`,
  );
  const rows: Row[] = [];
  for (const [nodeCount, edgeCount] of [
    [1_000, 2_000],
    [10_019, 20_024],
    [100_000, 200_000],
  ] as const) {
    const measured = await measure(nodeCount, edgeCount);
    console.log(`\n${nodeCount} nodes, ${edgeCount} edges`);
    for (const row of measured)
      console.log(
        `${row.query.padEnd(75)} ${String(row.medianMs).padStart(8)} ms  ${String(row.bytes).padStart(9)} B   ` +
          `${row.baseline}: ${row.baselineMs} ms, ratio ${row.ratio}`,
      );
    rows.push(...measured);
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
