/**
 * `/ws/subscriber`, `/ws/publisher` and `/ws/pubsub`: changes of the graph as they happen, and changes to it (WebSocket
 * notes, sections 6 to 9). The Topology object checks what the client asks for, before the upgrade.
 */
import { GRAPH_ROLES, pathOfRole } from '../../core/wire/graph-subscription.ts';
import type { App } from '../app.ts';
import { handOver } from '../objects/handover.ts';
import { topologyOf } from '../objects/stubs.ts';
import { mountSocket, peerOfRequest } from './socket.ts';

export function mountGraphSocket(app: App): void {
  for (const role of GRAPH_ROLES)
    if (role !== 'agent')
      mountSocket(app, pathOfRole(role), (c) =>
        topologyOf(c.env).fetch(handOver(c.req.raw, peerOfRequest(c))),
      );
}
