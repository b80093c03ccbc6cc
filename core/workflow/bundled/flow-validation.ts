/** FlowValidation: whether traffic of a kind passes all the places where it should. */
import type { Workflow } from '../workflow.ts';
import { nodeParam } from './parameters.ts';

const optional = (Name: string, Description: string) =>
  ({ Name, Description, Type: 'string', Default: null, Values: null }) as const;

export const flowValidation: Workflow = {
  Name: 'FlowValidation',
  Title: 'Check that flows pass from checkpoint 1 to checkpoint 2',
  Abstract:
    'Captures at one checkpoint, at two, or at all interfaces between them, and says where no flow passed both ways.',
  Description: `Captures the traffic that is described for so many seconds. The result has Connectivity: true when every checkpoint saw packets in
both directions; else NotReachedNodes names those that saw none, or could not capture. The capture is removed at the end. The time
counts against the analyzer's limit for scripts (workflow.time).
`,
  Parameters: [
    nodeParam('Checkpoint-1', 'First checkpoint'),
    nodeParam('Checkpoint-2', 'Second checkpoint (may be left out)'),
    {
      Name: 'All',
      Description: 'Capture on everything between the two checkpoints as well',
      Type: 'boolean',
      Default: null,
      Values: null,
    },
    {
      Name: 'Protocol',
      Description: 'What is looked for',
      Type: 'choice',
      Default: 'icmp',
      Values: [
        { Value: 'icmp', Description: 'ICMP' },
        { Value: 'tcp', Description: 'TCP' },
        { Value: 'udp', Description: 'UDP' },
      ],
    },
    optional('Source-IP', 'One address (may be left out)'),
    optional('Destination-IP', 'The other address (may be left out)'),
    optional('ID/Port', 'Port, or for ICMP its id (may be left out)'),
    {
      Name: 'Time',
      Description: 'Seconds to capture for',
      Type: 'integer',
      Default: 5,
      Values: null,
    },
  ],
  Source: `async function FlowValidation(first, second, all, protocol, sourceIp, destinationIp, idOrPort, seconds) {
  const filter = [protocol || 'icmp'];
  if (sourceIp) filter.push('host ' + sourceIp);
  if (destinationIp) filter.push('host ' + destinationIp);
  if (idOrPort) filter.push(filter[0] === 'icmp' ? 'icmp[4:2] = ' + Number(idOrPort) : 'port ' + Number(idOrPort));
  const isAll = all === true || all === 'true';
  let query = G.V().Has('TID', second ? Within(first, second) : first);
  if (second && isAll)
    query = G.V().Has('TID', first).ShortestPathTo(Metadata('TID', second), Metadata('RelationType', 'layer2'));
  const checkpoints = await query;
  if (checkpoints.length === 0) throw new Error('no such checkpoint, or no path between the two');
  const capture = await client.captures.create(new Capture({
    Name: 'FlowValidation',
    GremlinQuery: query.toString(),
    BPFFilter: filter.join(' and '),
  }));
  try {
    sleep(Number(seconds || 5) * 1000);
    const flows = await G.Flows().Has('CaptureID', capture.UUID);
    const reached = new Set(flows
      .filter((flow) => flow.Metric.ABPackets > 0 && flow.Metric.BAPackets > 0)
      .map((flow) => flow.NodeTID));
    const missed = checkpoints.filter((node) => !reached.has(node.Metadata.TID)).map((node) => node.Metadata.Name);
    return missed.length === 0 ? { Connectivity: true } : { Connectivity: false, NotReachedNodes: missed };
  } finally {
    await client.captures.delete(capture);
  }
}
`,
  UUID: '1c79a9d2-6fcb-4e10-7d40-78819b07781c',
};
