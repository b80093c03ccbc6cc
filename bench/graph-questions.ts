/** The queries of the bench, and beside each the plainest code that answers the same: its baseline. */
import type { GraphNode } from '../core/graph/element.ts';
import { edgeToJson, nodeToJson } from '../core/wire/element-json.ts';
import type { World } from './graph-world.ts';

export interface Question {
  readonly query: string;
  readonly baseline: string;
  readonly loop: (world: World) => unknown;
}

function filterMap(world: World, test: (node: GraphNode) => boolean): GraphNode[] {
  const found: GraphNode[] = [];
  for (const node of world.nodes.values()) if (test(node)) found.push(node);
  return found;
}

function nameOf(node: GraphNode): string {
  const name = node.metadata['Name'];
  return typeof name === 'string' ? name : '';
}

const LOOP = 'loop over a Map';

export function questionsFor(world: World): readonly Question[] {
  const interfaces = [...world.nodes.values()].filter((node) => nameOf(node).startsWith('eth'));
  const name = nameOf(interfaces.at(-1)!);
  const middle = [...world.nodes.values()].find(
    (node, index) => index * 2 > world.nodes.size && node.metadata['Type'] === 'bridge',
  )!;
  const last = world.nodes.size - 1;
  const count = (test: (node: GraphNode) => boolean) => (): unknown => filterMap(world, test).length;
  return [
    { query: 'G.V().Count()', baseline: LOOP, loop: count(() => true) },
    { query: `G.V('n${last}')`, baseline: LOOP, loop: count((node) => node.id === `n${last}`) },
    { query: `G.V().Has('Name','${name}')`, baseline: LOOP, loop: count((node) => nameOf(node) === name) },
    {
      query: `G.V().HasKey('MTU').Has('Name',Within('${name}','vm4'))`,
      baseline: LOOP,
      loop: count((node) => nameOf(node) === name || nameOf(node) === 'vm4'),
    },
    {
      query: "G.V().Has('MTU',GT(1000)).Count()",
      baseline: LOOP,
      loop: count(({ metadata: { MTU: mtu } }) => typeof mtu === 'number' && mtu > 1000),
    },
    {
      query: "G.V().Has('Name',Regex('eth.*7')).Count()",
      baseline: 'loop over a Map, own RegExp',
      loop: count((node) => /^(?:eth.*7)$/.test(nameOf(node))),
    },
    {
      query: `G.V('${middle.id}').Out().Out()`,
      baseline: 'loop over all edges, twice',
      loop: () => {
        const out = (ids: ReadonlySet<string>): Set<string> => {
          const found = new Set<string>();
          for (const { parent, child } of world.edges.values()) if (ids.has(parent)) found.add(child);
          return found;
        };
        return out(out(new Set([middle.id])));
      },
    },
    {
      query: "G.V().Not(Out('Type','veth')).Count()",
      baseline: 'loop over all edges',
      loop: () => {
        const parents = new Set<string>();
        for (const { parent, child } of world.edges.values())
          if (world.nodes.get(child)?.metadata['Type'] === 'veth') parents.add(parent);
        return filterMap(world, (node) => !parents.has(node.id)).length;
      },
    },
    {
      query: `G.V('n1').ShortestPathTo(Metadata('Name','${name}'))`,
      baseline: 'breadth first over Maps made before',
      loop: plainPath(world, name),
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
    // The past is a second graph for the object; its baseline is the same question about the present.
    { query: "G.At('-1s').V().Count()", baseline: LOOP, loop: count(() => true) },
    {
      query: `G.At('-1s').V().Has('Name','${name}')`,
      baseline: LOOP,
      loop: count((node) => nameOf(node) === name),
    },
  ];
}

function plainPath(world: World, name: string): () => number {
  const neighbours = new Map<string, string[]>();
  const join = (a: string, b: string): void => {
    const known = neighbours.get(a);
    if (known === undefined) neighbours.set(a, [b]);
    else known.push(b);
  };
  for (const { parent, child } of world.edges.values()) {
    join(parent, child);
    join(child, parent);
  }
  return () => {
    const lengths = new Map([['n1', 1]]);
    for (const [id, length] of lengths) {
      if (nameOf(world.nodes.get(id)!) === name) return length;
      for (const other of neighbours.get(id) ?? []) if (!lengths.has(other)) lengths.set(other, length + 1);
    }
    return -1;
  };
}
