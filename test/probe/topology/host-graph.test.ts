import { describe, expect, it } from 'vitest';
import type { GraphEvent } from '../../../core/graph/element.ts';
import { HostGraph } from '../../../probe/topology/host-graph.ts';

function graphWithEvents(): { host: HostGraph; batches: (readonly GraphEvent[])[]; clock: { now: number } } {
  const clock = { now: 1000 };
  const host = new HostGraph('h1', () => clock.now);
  const batches: (readonly GraphEvent[])[] = [];
  host.onChanges((events) => batches.push(events));
  return { host, batches, clock };
}
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));

describe('HostGraph', () => {
  it('gives elements their host, origin, times and revisions', () => {
    const { host, clock } = graphWithEvents();
    host.putNode('a', { Name: 'a', MTU: 1500 });
    clock.now = 2000;
    host.putNode('a', { Name: 'a', MTU: 9000 });
    expect(host.graph.node('a')).toEqual({
      id: 'a',
      metadata: { Name: 'a', MTU: 9000 },
      host: 'h1',
      origin: 'agent.h1',
      createdAt: 1000,
      updatedAt: 2000,
      deletedAt: null,
      revision: 2,
    });
  });

  it('says nothing when nothing differs', () => {
    const { host } = graphWithEvents();
    host.putNode('a', { Name: 'a', IPV4: ['10.0.0.1/24'] });
    host.putNode('a', { Name: 'a', IPV4: ['10.0.0.1/24'] });
    expect(host.graph.node('a')?.revision).toBe(1);
  });

  it('hands out the events of one turn together and in order', async () => {
    const { host, batches } = graphWithEvents();
    host.putNode('a', { Name: 'a' });
    host.putNode('b', { Name: 'b' });
    host.putEdge('a', 'b', { RelationType: 'ownership' });
    host.removeNode('b');
    await turn();
    host.removeNode('a');
    await turn();
    expect(batches.map((events) => events.map((event) => event.kind))).toEqual([
      ['nodeAdded', 'nodeAdded', 'edgeAdded', 'edgeDeleted', 'nodeDeleted'],
      ['nodeDeleted'],
    ]);
  });

  it('gives back what the source says of a key when an overlay over it goes', () => {
    const { host } = graphWithEvents();
    host.putNode('a', { Name: 'a', Type: 'tuntap' });
    host.setOverlays('a', { Type: 'internal', UUID: 'u' });
    expect(host.graph.node('a')).toMatchObject({ revision: 2, metadata: { Type: 'internal', UUID: 'u' } });
    host.putNode('a', { Name: 'b', Type: 'tun' });
    expect(host.graph.node('a')?.metadata).toEqual({ Name: 'b', Type: 'internal', UUID: 'u' });
    host.setOverlays('a', { Type: null, UUID: null });
    expect(host.graph.node('a')?.metadata).toEqual({ Name: 'b', Type: 'tun' });
  });

  it('keeps what captures say of a node over what its source says, until they take it back', () => {
    const { host } = graphWithEvents();
    host.putNode('a', { Name: 'a' });
    host.setOverlay('a', 'Captures', [{ ID: 'c1' }]);
    host.putNode('a', { Name: 'renamed' });
    expect(host.graph.node('a')?.metadata).toEqual({ Name: 'renamed', Captures: [{ ID: 'c1' }] });
    host.setOverlay('a', 'Captures', null);
    expect(host.graph.node('a')?.metadata).toEqual({ Name: 'renamed' });
    host.setOverlay('gone', 'Captures', [{ ID: 'c1' }]);
    expect(host.graph.node('gone')).toBeUndefined();
  });

  it('removes twice what was there once, and makes no edge without its ends', () => {
    const { host } = graphWithEvents();
    host.putNode('a', { Name: 'a' });
    expect(host.putEdge('a', 'b', { RelationType: 'layer2' })).toBeUndefined();
    host.removeNode('a');
    host.removeNode('a');
    host.removeEdge('none');
    expect(host.graph.nodeCount).toBe(0);
  });
});
