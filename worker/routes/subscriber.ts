/**
 * `/ws/subscriber/flow`: the flow stream (WebSocket notes, sections 2 and 11). The hub that the subscriber's host id
 * belongs to checks what it asks for; subscribers without one are spread.
 */
import type { App } from '../app.ts';
import { handOver } from '../objects/handover.ts';
import { hubFor } from '../objects/stubs.ts';
import { mountSocket, peerOfRequest } from './socket.ts';

export function mountSubscriber(app: App): void {
  mountSocket(app, '/ws/subscriber/flow', (c) => {
    const hostId = c.req.header('X-Host-ID') || c.req.query('x-host-id') || crypto.randomUUID();
    return hubFor(c.env, hostId).fetch(handOver(c.req.raw, peerOfRequest(c)));
  });
}
