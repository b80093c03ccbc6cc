/** Where a request comes from: Cloudflare says it in a header, plain workerd beside the request. */
import type { AppContext } from '../app.ts';

/** Without a port; "" when nobody tells. */
export function addressOf(c: AppContext): string {
  // Our own TLS front says it, and is the only one that reaches us then.
  if (c.env.EDGEDIVE_TLS === 'on') return (c.req.header('CF-Connecting-IP') ?? '').slice(0, 64);
  const { clientIp } = (c.req.raw.cf ?? {}) as { readonly clientIp?: unknown };
  // The header is anybody's where no Cloudflare stands in front; plain workerd tells the address itself.
  if (typeof clientIp !== 'string') return (c.req.header('CF-Connecting-IP') ?? '').slice(0, 64);
  return clientIp.replace(/:\d+$/, '').replace(/^\[(?:::ffff:)?([\d.]+|[\da-f:.]+)\]$/, '$1');
}
