/** The graph and its tables as one: what lies over nodes stays there whoever writes, and is there again after waking. */
import { reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { GraphEvent, GraphNode, Metadata } from '../../../core/graph/element.ts';
import { FabricGraph } from '../../../worker/objects/fabric-graph.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { TopologyStore } from '../../../worker/store/topology-store.ts';

function node(metadata: Metadata): GraphNode {
  const times = { createdAt: 1, updatedAt: 1, deletedAt: null, revision: 1 };
  return { id: 'n', metadata, host: 'h', origin: 'publisher.p', ...times };
}

/** A graph on the tables of an object that does nothing with them meanwhile. */
async function withFabric(work: (open: () => FabricGraph) => void): Promise<void> {
  await runInDurableObject(topologyOf(env), (_topology, state) => {
    work(() => new FabricGraph(new TopologyStore(state.storage), () => {}));
  });
}

beforeEach(async () => {
  await reset();
});

describe('a write that knows nothing of what lies over a node', () => {
  const base: Metadata = { Name: 'a', Type: 'device', MTU: 1500 };
  const layers = { edits: [{ path: ['Note'], value: 'x' }], rules: { Color: 'red', MTU: 9000 } };

  function laid(open: () => FabricGraph): FabricGraph {
    const fabric = open();
    fabric.write(2, undefined, (graph) => graph.addNode(node(base)));
    fabric.write(3, undefined, (graph) =>
      graph.updateNode({ ...node(fabric.overlays.lay('n', base, layers)), revision: 2 }),
    );
    return fabric;
  }

  test('as a whole becomes the word of its owner, beneath the layers', async () => {
    await withFabric((open) => {
      const fabric = laid(open);
      const events: GraphEvent[] = [];
      fabric.listen((told) => events.push(...told));
      fabric.write(4, undefined, (graph) =>
        graph.updateNode({ ...node({ Name: 'a', Type: 'device', MTU: 1400, State: 'UP' }), revision: 3 }),
      );
      expect(fabric.graph.node('n')).toMatchObject({
        metadata: { Name: 'a', Type: 'device', MTU: 9000, State: 'UP', Color: 'red', Note: 'x' },
        revision: 4,
      });
      expect(events.map(({ kind }) => kind)).toEqual(['nodeUpdated', 'nodeUpdated']);
      const woken = open();
      expect(woken.graph.node('n')).toEqual(fabric.graph.node('n'));
      expect(woken.overlays.base(woken.graph.node('n')!)).toEqual({
        Name: 'a',
        Type: 'device',
        MTU: 1400,
        State: 'UP',
      });
    });
  });

  test('of a few keys changes only these, and none that a rule set', async () => {
    await withFabric((open) => {
      const fabric = laid(open);
      const shown = fabric.graph.node('n')!;
      const metadata = { ...shown.metadata, State: 'UP', MTU: 1300 };
      fabric.write(4, undefined, (graph) => graph.updateNode({ ...shown, metadata, revision: 3 }));
      const after = fabric.graph.node('n')!;
      expect(after.metadata).toEqual({ ...shown.metadata, State: 'UP' });
      expect(fabric.overlays.base(after)).toEqual({ ...base, State: 'UP', MTU: 1300 });
    });
  });

  test('in order already costs no event more', async () => {
    await withFabric((open) => {
      const fabric = laid(open);
      const shown = fabric.graph.node('n')!;
      const metadata = { ...shown.metadata, State: 'UP' };
      fabric.write(4, undefined, (graph) => graph.updateNode({ ...shown, metadata, revision: 3 }));
      expect(fabric.graph.node('n')!.revision).toBe(3);
      expect(fabric.overlays.base(fabric.graph.node('n')!)).toEqual({ ...base, State: 'UP' });
    });
  });
});
