/**
 * Runs discovery where it is started and prints the host's graph as JSON once counters were seen to move: nodes by
 * `owner/name`, edges by the same. The child of reference-lab.test.ts.
 */
import { spawn } from 'node:child_process';
import type { GraphNode } from '../../../../core/graph/element.ts';
import { createTopologyProbe } from '../../../../probe/topology/topology.ts';
import recorded from './recorded.json' with { type: 'json' };

const probe = createTopologyProbe({
  hostId: 'skyref',
  metricsUpdateMs: 250,
  log: (line) => void process.stderr.write(`${line}\n`),
});
await probe.start();

const nameOf = (node: GraphNode): string => node.metadata['Name'] as string;
const pathOf = (id: string): string => {
  const node = probe.graph.node(id)!;
  for (const edge of probe.graph.edgesIn(id))
    if (edge.metadata['RelationType'] === 'ownership')
      return `${nameOf(probe.graph.node(edge.parent)!)}/${nameOf(node)}`;
  return nameOf(node);
};
const inVm1 = ['ip', 'netns', 'exec', 'vm1'];
const pings = [
  [...inVm1, 'ping', '-q', '-i', '0.1', '10.50.0.2'],
  ['ping', '-q', '-i', '0.1', '127.0.0.1'],
  // Nobody answers: this makes broadcasts of up0, which up1 and mv0 receive.
  ['ping', '-q', '-i', '0.1', '172.30.0.2'],
].map(([command, ...words]) => spawn(command!, words, { stdio: 'ignore' }));
const moving = Object.entries(recorded.nodes).filter(([, node]) => 'LastUpdateMetric' in node);
const haveMoved = (): boolean => {
  const nodes = new Map([...probe.graph.nodes()].map((node) => [pathOf(node.id), node.metadata]));
  return moving.every(([path]) => 'LastUpdateMetric' in (nodes.get(path) ?? {}));
};
const waitUntilMs = Date.now() + 15_000;
while (!haveMoved() && Date.now() < waitUntilMs)
  await new Promise((resolve) => void setTimeout(resolve, 100));
// Tables are read once a second.
await new Promise((resolve) => void setTimeout(resolve, 1_500));
for (const ping of pings) ping.kill();

process.stdout.write(
  JSON.stringify({
    nodes: Object.fromEntries([...probe.graph.nodes()].map(({ id, metadata }) => [pathOf(id), metadata])),
    edges: [...probe.graph.edges()].map(({ parent, child, metadata }) => ({
      from: pathOf(parent),
      to: pathOf(child),
      metadata,
    })),
  }),
);
probe.stop();
