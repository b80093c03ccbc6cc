import { describe, expect, test } from 'vitest';
import { containmentOf, narrowed, wayUp } from '../../../ui/model/containment.ts';
import { searchNodes } from '../../../ui/model/search.ts';
import { treeRows } from '../../../ui/model/tree-rows.ts';
import { edge, node } from './elements.ts';

const named = (id: string, Type: string, Name = id) => node(id, { Name, Type });

/** Two hosts; the first has a namespace, a bridge with a port, and interfaces. */
const nodes = new Map(
  [
    named('h2', 'host'),
    named('h1', 'host'),
    named('eth10', 'device'),
    named('eth9', 'device'),
    named('br', 'bridge'),
    named('port', 'veth'),
    named('ns', 'netns'),
    node('inner', { Name: 'eth0', Type: 'veth', IPV4: ['10.0.0.7/24'], MAC: '02:00:00:00:00:07' }),
  ].map((one) => [one.ID, one]),
);
const edges = new Map(
  [
    ...['eth10', 'eth9', 'br', 'port', 'ns'].map((id) => edge('h1', id)),
    edge('ns', 'inner'),
    edge('br', 'port', 'layer2'),
    // Of another owner: it stays there.
    edge('br', 'inner', 'layer2'),
    edge('port', 'inner', 'layer2'),
    edge('gone', 'h2'),
  ].map((one) => [one.ID, one]),
);
const containment = containmentOf({ nodes, edges });

describe('containmentOf', () => {
  test('hosts hold namespaces, bridges and interfaces, in that order and by number', () => {
    expect(containment.roots).toEqual(['h1', 'h2']);
    expect(containment.children.get('h1')).toEqual(['ns', 'br', 'eth9', 'eth10']);
  });

  test('a port is in the bridge of its own owner, and nowhere else', () => {
    expect(containment.children.get('br')).toEqual(['port']);
    expect(containment.children.get('ns')).toEqual(['inner']);
    expect(wayUp(containment, 'port')).toEqual(['port', 'br', 'h1']);
  });

  test('what goes round in circles is shown at the top, and once', () => {
    const round = containmentOf({
      nodes: new Map(['a', 'b', 'c'].map((id) => [id, named(id, 'x')])),
      edges: new Map([edge('a', 'b'), edge('b', 'a'), edge('b', 'c')].map((one) => [one.ID, one])),
    });
    const rows = treeRows(round, new Set(['a', 'b', 'c']), undefined);
    expect(rows.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('treeRows', () => {
  test('shows what is open, with level and place among siblings', () => {
    const rows = treeRows(containment, new Set(['h1', 'br']), undefined);
    expect(rows.map(({ id, level, isOpen }) => [id, level, isOpen])).toEqual([
      ['h1', 1, true],
      ['ns', 2, false],
      ['br', 2, true],
      ['port', 3, false],
      ['eth9', 2, false],
      ['eth10', 2, false],
      ['h2', 1, false],
    ]);
    expect(rows[2]).toMatchObject({ hasChildren: true, position: 2, siblings: 4 });
  });

  test('a search shows what fits and what holds it, whatever is open', () => {
    const { ids } = searchNodes(nodes, '10.0.0.7', 10);
    expect(treeRows(containment, new Set(), ids).map(({ id }) => id)).toEqual(['h1', 'ns', 'inner']);
  });
});

describe('searchNodes', () => {
  test.each([
    ['eth', ['eth10', 'eth9', 'port', 'inner']],
    ['02:00:00', ['inner']],
    ['ETH0 veth', ['inner']],
    ['eth0 device', []],
    ['  ', []],
  ])('%j finds %j', (text, expected) => {
    expect([...searchNodes(nodes, text, 10).ids]).toEqual(expected);
  });

  test('stops at the bound and says so', () => {
    const { ids, isCut } = searchNodes(nodes, 'eth', 2);
    expect([ids.size, isCut]).toEqual([2, true]);
    expect(searchNodes(nodes, 'eth', 4).isCut).toBe(false);
  });
});

describe('narrowed', () => {
  test('has the chosen and what holds them, and nothing else', () => {
    const { roots, children, parent } = narrowed(containment, new Set(['inner', 'h2']));
    expect(roots).toEqual(['h1', 'h2']);
    expect(Object.fromEntries(children)).toEqual({ h1: ['ns'], ns: ['inner'] });
    expect([...parent.keys()].toSorted()).toEqual(['inner', 'ns']);
    expect(narrowed(containment, new Set())).toMatchObject({ roots: [] });
    expect(narrowed(containment, new Set(['gone']))).toMatchObject({ roots: [] });
  });
});
