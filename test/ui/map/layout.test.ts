import { describe, expect, test } from 'vitest';
import type { Edge, Node } from '../../../core/api/operations.ts';
import { limits } from '../../../core/limits.ts';
import { containmentOf } from '../../../ui/model/containment.ts';
import { layOut } from '../../../ui/map/layout.ts';
import { placeRoots, readPlaces, writePlaces, type Places } from '../../../ui/map/places.ts';
import type { Box, Scene } from '../../../ui/map/scene.ts';
import { edge, node } from '../model/elements.ts';

interface Fabric {
  readonly nodes: Map<string, Node>;
  readonly edges: Map<string, Edge>;
}

/** Hosts, each with a namespace of two interfaces, a bridge of two ports, and more interfaces. */
function fabric(hosts: number, interfaces = 3): Fabric {
  const nodes: Node[] = [];
  const edges: Edge[] = [];
  const add = (id: string, Type: string, parent?: string, relation?: string): void => {
    nodes.push(node(id, { Name: id, Type }));
    if (parent !== undefined) edges.push(edge(parent, id, relation));
  };
  for (let host = 0; host < hosts; host++) {
    const h = `h${host}`;
    add(h, 'host');
    add(`${h}-ns`, 'netns', h);
    add(`${h}-br`, 'bridge', h);
    for (const index of [0, 1]) {
      add(`${h}-in${index}`, 'veth', `${h}-ns`);
      add(`${h}-port${index}`, 'veth', h);
      edges.push(edge(`${h}-br`, `${h}-port${index}`, 'layer2'));
      edges.push(edge(`${h}-port${index}`, `${h}-in${index}`, 'layer2'));
    }
    for (let index = 0; index < interfaces; index++) add(`${h}-eth${index}`, 'device', h);
  }
  return {
    nodes: new Map(nodes.map((one) => [one.ID, one])),
    edges: new Map(edges.map((one) => [one.ID, one])),
  };
}

function draw({ nodes, edges }: Fabric, open: 'all' | readonly string[] = 'all', before: Places = new Map()) {
  const containment = containmentOf({ nodes, edges });
  const ids = open === 'all' ? [...containment.children.keys()] : open;
  return layOut({ nodes, edges }, containment, new Set(ids), before);
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const within = (a: Box, b: Box): boolean =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
const boxOf = ({ boxes }: Scene, id: string): Box => boxes.find((box) => box.id === id)!;

describe('layOut', () => {
  test('two boxes are one in the other, or apart', () => {
    const { boxes } = draw(fabric(5)).scene;
    expect(boxes.length).toBe(5 * 10);
    for (const a of boxes)
      for (const b of boxes)
        if (a !== b)
          expect([a.id, b.id, !overlap(a, b) || within(a, b) || within(b, a)]).toEqual([a.id, b.id, true]);
    expect(within(boxOf({ boxes } as Scene, 'h1-port1'), boxOf({ boxes } as Scene, 'h1-br'))).toBe(true);
  });

  test('is the same on every visit, in whatever order the graph is told', () => {
    const one = fabric(4);
    const other: Fabric = {
      nodes: new Map([...one.nodes].toReversed()),
      edges: new Map([...one.edges].toReversed()),
    };
    expect(draw(other).scene.boxes).toEqual(draw(one).scene.boxes);
  });

  test('a host that comes, and one that changes, move no other', () => {
    const first = draw(fabric(4));
    const more = draw(fabric(5), 'all', first.places);
    for (const box of first.scene.boxes) expect(boxOf(more.scene, box.id)).toEqual(box);
    const grown = fabric(5);
    grown.nodes.set('late', node('late', { Name: 'late', Type: 'device' }));
    grown.edges.set('late', edge('h4', 'late'));
    const after = draw(grown, 'all', more.places);
    for (const id of ['h0', 'h0-br', 'h3-eth1'])
      expect(boxOf(after.scene, id)).toEqual(boxOf(more.scene, id));
  });

  test('links end at closed groups, once, and what boxes show is not drawn as a line', () => {
    const open = draw(fabric(1));
    // Each port with the interface that is its peer; the bridge holds its ports.
    expect(open.scene.lines.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'h0-port0 h0-in0',
      'h0-port1 h0-in1',
    ]);
    const closed = draw(fabric(1), ['h0']);
    expect(closed.scene.lines.map(({ from, to }) => `${from} ${to}`)).toEqual(['h0-br h0-ns']);
    expect(boxOf(closed.scene, 'h0-br')).toMatchObject({ isOpen: false, inside: 2 });
  });

  test('shows a bounded number of boxes, whatever the size and whatever is open, and says what is left out', () => {
    const large = draw(fabric(2_000, 20)).scene;
    expect([large.boxes.length, large.boxesHidden]).toEqual([limits.pageMapBoxesMax, 500]);
    const open = draw(fabric(100, 40)).scene;
    expect(open.boxes.length).toBeLessThanOrEqual(limits.pageMapBoxesMax);
    expect([open.boxesHidden, open.boxes.filter(({ level }) => level === 0).length]).toEqual([0, 100]);
    expect(open.lines.length).toBeLessThanOrEqual(limits.pageMapLinesMax);
  });

  test('nothing is drawn of nothing', () => {
    expect(draw({ nodes: new Map(), edges: new Map() }).scene).toMatchObject({
      boxes: [],
      lines: [],
      width: 0,
    });
  });
});

describe('placeRoots', () => {
  const size = { width: 100, height: 50 };
  const root = (id: string) => ({ id, ...size });

  test('what was put somewhere stays there, and what was in its way goes', () => {
    const before = placeRoots([root('a'), root('b')], new Map());
    const b = before.get('b')!;
    const moved = new Map(before).set('a', { ...before.get('a')!, x: b.x + 10, y: b.y, isPinned: true });
    const after = placeRoots([root('a'), root('b')], moved);
    expect(after.get('a')).toMatchObject({ x: b.x + 10, y: b.y });
    const now = after.get('b')!;
    expect(now.x + now.width <= b.x + 10 || now.x >= b.x + 110 || now.y !== b.y).toBe(true);
  });

  test('is kept as text, and what is no place is left out', () => {
    const places = placeRoots([root('a'), root('b')], new Map());
    expect(readPlaces(writePlaces(places))).toEqual(places);
    for (const text of [null, 'x', '{}', '[1,["a"],["b",1,2,3,"4",true],[5,1,2,3,4,true]]'])
      expect(readPlaces(text)).toEqual(new Map());
  });
});
