/** How socket routes are mounted, and what they tell the objects about a peer. */
import type { SocketPath } from '../../core/api/sockets.ts';
import type { App, AppContext } from '../app.ts';
import { admit } from '../middleware/admit.ts';
import { requirePermission } from '../middleware/principal.ts';
import { isUpgrade, type Peer } from '../objects/handover.ts';
import { addressOf } from './address.ts';
import { mountedRoutes } from './rest.ts';

/** Mounts a WebSocket route; needs the permission `websocket` on its path. Other requests than upgrades are answered 426. */
export function mountSocket(
  app: App,
  path: SocketPath,
  handler: (c: AppContext) => Response | Promise<Response>,
): void {
  const needs = { object: 'websocket', action: path };
  mountedRoutes.push({ method: 'GET', path, needs });
  app.get(path, async (c) => {
    if (!isUpgrade(c.req.raw)) {
      requirePermission(c, needs);
      return new Response(null, { status: 426, headers: { Upgrade: 'websocket' } });
    }
    await admit(c, needs);
    return handler(c);
  });
}

export function peerOfRequest(c: AppContext): Peer {
  return {
    principal: c.get('principal').name,
    address: addressOf(c),
    connection: connectionOf((c.req.raw.cf as { readonly clientIp?: unknown } | undefined)?.clientIp),
  };
}

/** Plain workerd puts address and port into `cf.clientIp`; an IPv4 peer of an IPv6 socket is an IPv4 peer. */
function connectionOf(clientIp: unknown): string {
  const text = typeof clientIp === 'string' ? clientIp : '';
  if (!/^[\d.]+:\d+$|^\[[\da-f:.]+\]:\d+$/.test(text)) return '';
  return text.replace(/^\[::ffff:([\d.]+)\]/, '$1');
}
