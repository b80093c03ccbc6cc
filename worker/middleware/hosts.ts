/**
 * Refuses requests, upgrades too, whose Host header names none of ours: a page of another site that makes its own name
 * resolve to this machine (DNS rebinding) is told apart only by that header. The local runtime accepts any.
 */
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';

/**
 * True when `host` (name, with its port unless it is the default one) fits the comma-separated list: `name` for any port,
 * `name:port` for that one, `*.name` for every name below, `*` for all (where something in front checks).
 */
export function hostAllowed(list: string, host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => {
      if (entry === '') return false;
      if (entry.startsWith('*.')) return name.endsWith(entry.slice(1)) && name.length >= entry.length;
      return entry === '*' || entry === name || entry === host;
    });
}

export const hosts = createMiddleware<AppEnv>(async (c, next) => {
  // Two Host headers, or one that is none, make no URL.
  const host = URL.parse(c.req.url)?.host;
  if (host === undefined) throw new ApiError('forbiddenHost', 'the Host header names no host');
  if (!hostAllowed(c.env.EDGEDIVE_ALLOWED_HOSTS, host))
    throw new ApiError('forbiddenHost', `host '${host}' is not allowed: add it to EDGEDIVE_ALLOWED_HOSTS`);
  await next();
});
