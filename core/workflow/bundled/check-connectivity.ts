/** CheckConnectivity: pings from one interface to another, and watches whether answers come. */
import type { Workflow } from '../workflow.ts';
import { nodeParam } from './parameters.ts';

export const checkConnectivity: Workflow = {
  Name: 'CheckConnectivity',
  Title: 'Test connectivity between two interfaces',
  Abstract: 'Sends pings from one interface to another. Says whether answers came, and shows the flows.',
  Description: `Captures ICMP on all interfaces from source to destination, sends 5 echo requests, and looks at the flows
that the captures saw. The result has Connectivity (true when packets came back) and Flows. The capture and the injection are removed at
the end.
`,
  Parameters: [
    nodeParam('source', 'Interface that sends'),
    nodeParam('destination', 'Interface that answers'),
  ],
  Source: `async function CheckConnectivity(source, destination) {
  const from = G.V().Has('TID', source);
  const to = G.V().Has('TID', destination);
  const capture = await client.captures.create(new Capture({
    Name: 'CheckConnectivity',
    GremlinQuery: from.ShortestPathTo(Metadata('TID', destination), Metadata('RelationType', 'layer2')).toString(),
    BPFFilter: 'icmp',
  }));
  let injection;
  try {
    sleep(1000);
    injection = await client.packetInjections.create(new PacketInjection({
      Src: from.toString(),
      Dst: to.toString(),
      Type: 'icmp4',
      Count: 5,
      Interval: 100,
    }));
    sleep(1500);
    const flows = await G.Flows().Has('CaptureID', capture.UUID, 'Application', 'ICMPv4');
    const answered = flows.some((flow) => flow.Metric.ABPackets > 0 && flow.Metric.BAPackets > 0);
    return { Connectivity: answered, Flows: flows };
  } finally {
    await client.captures.delete(capture);
    if (injection) await client.packetInjections.delete(injection);
  }
}
`,
  UUID: '85757b38-6e21-11e8-b42d-28d2442e1329',
};
