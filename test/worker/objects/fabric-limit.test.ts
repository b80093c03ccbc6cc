/** A fabric's graph takes so many nodes and edges; the rest is counted, and what is stored stays when the limit falls. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { createGraphSync } from '../../../proto/gen/probe.ts';
import { Counters } from '../../../worker/objects/counters.ts';
import { FabricGraph } from '../../../worker/objects/fabric-graph.ts';
import { graphCounters, HostGraphs } from '../../../worker/objects/host-graphs.ts';
import { TopologyStore } from '../../../worker/store/topology-store.ts';
import { edge, node } from '../graph-probe.ts';

const NOW_MS = 1_700_000_000_000;

test('a probe whose host no longer fits gets in what fits, and the rest is counted', async () => {
  await runInDurableObject(env.TOPOLOGY.getByName('limited'), (_object, state) => {
    const texts = (elements: readonly unknown[]): string[] => elements.map((one) => JSON.stringify(one));
    const open = (elementsMax: number) => {
      const fabric = new FabricGraph(
        new TopologyStore(state.storage),
        () => {},
        () => elementsMax,
      );
      const counters = new Counters(graphCounters);
      return { fabric, counters, hosts: new HostGraphs(fabric, counters) };
    };
    const first = open(4);
    first.hosts.sync(
      'h1',
      createGraphSync({
        nodes: texts([node('h1', 'a', {}), node('h1', 'b', {})]),
        edges: texts([edge('h1', 'a', 'b', 'ownership')]),
      }),
      NOW_MS,
    );
    first.hosts.sync(
      'h2',
      createGraphSync({ nodes: texts([node('h2', 'c', {}), node('h2', 'd', {})]) }),
      NOW_MS,
    );
    expect([...first.fabric.graph.nodes()].map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(first.counters.all()).toMatchObject({ elementsBeyondFabric: 1, elementsTooMany: 0 });

    const woken = open(2);
    expect([woken.fabric.graph.nodeCount, woken.fabric.graph.edgeCount]).toEqual([3, 1]);
    woken.hosts.sync('h3', createGraphSync({ nodes: texts([node('h3', 'e', {})]) }), NOW_MS);
    expect(woken.counters.all()).toMatchObject({ elementsBeyondFabric: 1 });
  });
});
