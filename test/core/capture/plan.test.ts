/** Which host runs which capture on which nodes (topology notes, section 21). */
import { describe, expect, test } from 'vitest';
import type { Capture } from '../../../core/capture/capture.ts';
import { capturesOn, planCaptures } from '../../../core/capture/plan.ts';
import type { GraphNode, Metadata } from '../../../core/graph/element.ts';

function node(id: string, metadata: Metadata = {}, host = 'h'): GraphNode {
  const origin = `agent.${host}`;
  return {
    id,
    metadata: { Type: 'veth', ...metadata },
    host,
    origin,
    createdAt: 1,
    updatedAt: 1,
    deletedAt: null,
    revision: 1,
  };
}

function capture(UUID: string, Type = ''): Capture {
  const always = {
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
  };
  return { UUID, GremlinQuery: 'G.V()', Type, ...always };
}

function plan(
  captures: Capture[],
  found: Record<string, GraphNode[]>,
  carriers: Record<string, GraphNode[]> = {},
) {
  const told = planCaptures(captures, new Map(Object.entries(found)), new Map(Object.entries(carriers)));
  return Object.fromEntries(
    [...told].map(([host, orders]) => [
      host,
      orders.map(({ capture: { UUID }, nodeIds }) => [UUID, ...nodeIds]),
    ]),
  );
}

describe('planCaptures', () => {
  test('divides the nodes by host, each once, in a stable order', () => {
    const found = { c: [node('b'), node('a'), node('b'), node('z', {}, 'other')] };
    expect(plan([capture('c')], found)).toEqual({ h: [['c', 'a', 'b']], other: [['c', 'z']] });
  });

  test('takes only nodes of a host and of a type that can be captured on', () => {
    const found = {
      c: [
        node('none', {}, ''),
        node('host', { Type: 'host' }),
        node('odd', { Type: 5 }),
        node('tap', { Type: 'tuntap' }),
      ],
    };
    expect(plan([capture('c')], found)).toEqual({ h: [['c', 'tap']] });
  });

  test('keeps a capture on a node that carries it and no longer matches', () => {
    expect(plan([capture('c')], { c: [] }, { c: [node('a')] })).toEqual({ h: [['c', 'a']] });
  });

  test('a deleted capture is nowhere, also where it is still carried', () => {
    expect(plan([], {}, { c: [node('a')] })).toEqual({});
  });

  test.each([
    ['', 2],
    ['pcap', 2],
    ['afpacket', 2],
    ['pcapsocket', 1],
    ['sflow', 1],
  ])('of type %j a node carries two captures: %i', (type, orders) => {
    const found = { one: [node('a')], two: [node('a')] };
    expect(plan([capture('one', type), capture('two', type)], found)['h']).toHaveLength(orders);
  });
});

describe('capturesOn', () => {
  test('reads states and passes over what is no list of them', () => {
    expect(
      capturesOn(
        node('a', {
          Captures: [{ ID: 'c', State: 'active' }, { ID: 'd', State: 'error' }, { State: 'active' }, 5],
        }),
      ),
    ).toEqual([
      { id: 'c', active: true },
      { id: 'd', active: false },
    ]);
    expect(capturesOn(node('a', { Captures: 'c' }))).toEqual([]);
    expect(capturesOn(node('a'))).toEqual([]);
  });
});
