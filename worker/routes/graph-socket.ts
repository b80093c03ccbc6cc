/**
 * `/ws/subscriber`, `/ws/publisher` and `/ws/pubsub`: changes of the graph as they happen, and changes to it (WebSocket
 * notes, sections 6 to 9). The Topology object checks what the client asks for, before the upgrade.
 */
import { GRAPH_ROLES } from '../../core/wire/graph-subscription.ts';
import type { App } from '../app.ts';
import { handOver, isUpgrade } from '../objects/handover.ts';
import { topologyOf } from '../objects/stubs.ts';
import { peerOfRequest } from './socket.ts';

export function mountGraphSocket(app: App): void {
  for (const role of GRAPH_ROLES)
    app.get(`/ws/${role}`, (c) => {
      if (!isUpgrade(c.req.raw))
        return new Response(null, { status: 426, headers: { Upgrade: 'websocket' } });
      return topologyOf(c.env).fetch(handOver(c.req.raw, peerOfRequest(c)));
    });
}
