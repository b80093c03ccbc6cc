/** What the socket routes tell the objects about a peer. */
import type { AppContext } from '../app.ts';
import type { Peer } from '../objects/handover.ts';

export function peerOfRequest(c: AppContext): Peer {
  return { principal: '', address: c.req.header('CF-Connecting-IP') ?? '' };
}
