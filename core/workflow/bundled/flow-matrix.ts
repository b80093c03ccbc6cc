/** FlowMatrix: which process talks to which, across hosts. */
import type { Workflow } from '../workflow.ts';

export const flowMatrix: Workflow = {
  Name: 'FlowMatrix',
  Title: 'Make a matrix of the processes that talk to each other',
  Abstract:
    'Joins the sockets of clients with those of servers on all hosts, and if wanted what flows tell besides.',
  Description: `Servers are the sockets that listen; clients are connected sockets whose other end is one of them. With useFlows also
addresses that are known from flows only appear, as clients without a process. The result has nodes and edges, or for the format dot a
text for Graphviz in dot. Hosts show sockets when their probe has the source socketinfo.
`,
  Parameters: [
    {
      Name: 'useFlows',
      Description: 'Use flows as well',
      Type: 'boolean',
      Default: null,
      Values: null,
    },
    {
      Name: 'format',
      Description: 'Form of the result',
      Type: 'choice',
      Default: 'graph',
      Values: [
        { Value: 'graph', Description: 'Nodes and edges' },
        { Value: 'dot', Description: 'Graphviz' },
      ],
    },
    {
      Name: 'debug',
      Description: 'Say on the console what was found',
      Type: 'boolean',
      Default: null,
      Values: null,
    },
  ],
  Source: `async function FlowMatrix(useFlows, format, debug) {
  const isTrue = (value) => value === true || value === 'true';
  const hosts = {};
  for (const node of await G.V().HasKey('Sockets')) hosts[node.ID] = node.Host;
  const sockets = [];
  for (const group of (await G.V().HasKey('Sockets').Sockets()) || [])
    for (const id of Object.keys(group))
      for (const socket of group[id]) sockets.push({ ...socket, Host: hosts[id] || '' });

  const nodes = new Map();
  const edges = new Map();
  const nodeOf = (host, process, name) => {
    const id = 'process/' + host + '/' + (process || name);
    const label = process ? process.split('/').pop() : name;
    if (!nodes.has(id))
      nodes.set(id, { ID: id, Host: host, Metadata: { Name: label, Type: process ? 'process' : 'address', Process: process, Manager: 'FlowMatrix' } });
    return id;
  };
  const join = (client, server, socket) => {
    const id = client + ' ' + server + ' ' + socket.Protocol + '/' + socket.LocalPort;
    edges.set(id, {
      ID: id, Parent: client, Child: server, Host: '',
      Metadata: { RelationType: 'connection', Protocol: socket.Protocol, Port: socket.LocalPort },
    });
  };

  // Who listens on all addresses is found by the port on its host.
  const any = (address) => address === '0.0.0.0' || address === '::' || address === '';
  const at = (protocol, address, port) => protocol + ' ' + address + ' ' + port;
  const listening = sockets.filter((socket) => socket.State === 'LISTEN');
  const connected = sockets.filter((socket) => socket.State === 'ESTABLISHED');
  const servers = new Map();
  for (const socket of listening) {
    if (!any(socket.LocalAddress)) servers.set(at(socket.Protocol, socket.LocalAddress, socket.LocalPort), socket);
    else
      for (const other of sockets)
        if (other.Host === socket.Host && !any(other.LocalAddress))
          servers.set(at(socket.Protocol, other.LocalAddress, socket.LocalPort), socket);
  }
  for (const socket of connected) {
    const server = servers.get(at(socket.Protocol, socket.RemoteAddress, socket.RemotePort));
    if (server && server !== socket)
      join(nodeOf(socket.Host, socket.Process, socket.Name), nodeOf(server.Host, server.Process, server.Name), server);
  }
  if (isTrue(useFlows)) {
    for (const flow of await G.Flows().Has('Transport.Protocol', Within('TCP', 'UDP')).Limit(10000)) {
      for (const [client, server] of [['A', 'B'], ['B', 'A']]) {
        const found = servers.get(at(flow.Transport.Protocol, flow.Network[server], flow.Transport[server]));
        if (!found) continue;
        const known = connected.find((socket) => socket.LocalAddress === flow.Network[client] && socket.LocalPort === flow.Transport[client]);
        const from = known
          ? nodeOf(known.Host, known.Process, known.Name)
          : nodeOf('', '', flow.Network[client]);
        join(from, nodeOf(found.Host, found.Process, found.Name), found);
      }
    }
  }
  if (isTrue(debug)) console.log(sockets.length, 'sockets,', listening.length, 'listening,', edges.size, 'connections');
  if (format !== 'dot') return { nodes: [...nodes.values()], edges: [...edges.values()] };
  const quote = (value) => JSON.stringify(String(value));
  const lines = [...nodes.values()].map((node) => quote(node.ID) + ' [label=' + quote(node.Metadata.Name + (node.Host ? '\\n' + node.Host : '')) + ']')
    .concat([...edges.values()].map((edge) => quote(edge.Parent) + ' -> ' + quote(edge.Child) + ' [label=' + quote(edge.Metadata.Protocol + '/' + edge.Metadata.Port) + ']'));
  return { dot: 'digraph g {\\n' + lines.map((line) => '  ' + line + ';\\n').join('') + '}\\n' };
}
`,
  UUID: 'bcc2e200-7a57-11e8-913c-28d2442e1325',
};
