/** Sends a graph to the analyzer's publisher socket, message by message, and waits until all of it has arrived. */
import type { Json } from '../core/graph/element.ts';
import type { Connection } from './connection.ts';
import { AnalyzerSocket } from './socket.ts';

/** As `topology export` prints it. */
export interface GraphJson {
  readonly Nodes: readonly Json[];
  readonly Edges: readonly Json[];
}

/** The elements stay when the connection ends. Throws CommandError. */
export async function publishGraph(connection: Connection, path: string, graph: GraphJson): Promise<void> {
  const socket = new AnalyzerSocket(connection, path, { 'X-Persistence-Policy': 'Persistent' });
  await socket.opened();
  for (const Obj of graph.Nodes) await socket.send({ Namespace: 'Graph', Type: 'NodeAdded', Obj });
  for (const Obj of graph.Edges) await socket.send({ Namespace: 'Graph', Type: 'EdgeAdded', Obj });
  // Messages are taken in order: an answer to something asked behind them says that they were read.
  await socket.ask({ Namespace: 'Graph', Type: 'SyncRequest', Obj: {} });
  socket.close();
  await socket.ended;
}
