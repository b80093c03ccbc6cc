/** CheckMTU: whether packets as large as the source sends them get through to the destination. */
import type { Workflow } from '../workflow.ts';
import { nodeParam } from './parameters.ts';

export const checkMtu: Workflow = {
  Name: 'CheckMTU',
  Title: 'Check the MTU on a path between two interfaces',
  Abstract: 'Says whether no interface on the way has a smaller MTU than the one that sends.',
  Description: `Takes the shortest path by layer 2 from source to destination. The result has MTU (true when no interface on it has an
MTU below the source's) and Path, the interfaces with their MTU.
`,
  Parameters: [
    nodeParam('source', 'Interface that sends'),
    nodeParam('destination', 'Interface that receives'),
  ],
  Source: `async function CheckMTU(source, destination) {
  const path = await G.V().Has('TID', source)
    .ShortestPathTo(Metadata('TID', destination), Metadata('RelationType', 'layer2'));
  if (path.length === 0) throw new Error('no path from ' + source + ' to ' + destination);
  const steps = path
    .map((node) => ({ ID: node.ID, Name: node.Metadata.Name, MTU: node.Metadata.MTU }))
    .filter((step) => step.MTU > 0);
  const own = path[0].Metadata.MTU || 0;
  return { MTU: steps.every((step) => step.MTU >= own), Path: steps };
}
`,
  UUID: '85757b38-6e21-11e8-b42d-28d2442e1325',
};
