/** What the socket routes tell the objects about a peer. */
import type { AppContext } from '../app.ts';
import type { Peer } from '../objects/handover.ts';

export function peerOfRequest(c: AppContext): Peer {
  return {
    principal: '',
    address: c.req.header('CF-Connecting-IP') ?? '',
    connection: connectionOf((c.req.raw.cf as { readonly clientIp?: unknown } | undefined)?.clientIp),
  };
}

/** Plain workerd puts address and port into `cf.clientIp`; an IPv4 peer of an IPv6 socket is an IPv4 peer. */
function connectionOf(clientIp: unknown): string {
  const text = typeof clientIp === 'string' ? clientIp : '';
  if (!/^[\d.]+:\d+$|^\[[\da-f:.]+\]:\d+$/.test(text)) return '';
  return text.replace(/^\[::ffff:([\d.]+)\]/, '$1');
}
