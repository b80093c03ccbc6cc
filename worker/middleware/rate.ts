/**
 * How much one may ask: a bucket for each principal, and one for wrong credentials from each address, so that passwords cannot be
 * tried out. Buckets are this isolate's own: a hosted Worker has several, each of which lets so much through. Off where authentication
 * is off, unless it is set.
 */
import { createMiddleware } from 'hono/factory';
import { limits } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';
import { TokenBucket } from '../objects/rate-limit.ts';
import { addressOf } from '../routes/address.ts';

const buckets = new Map<string, TokenBucket>();

export const rate = createMiddleware<AppEnv>(async (c, next) => {
  const who = c.get('principal');
  const perSecond = Number(c.env.EDGEDIVE_RATE ?? '0');
  const isLimited = who.kind !== 'open' && Number.isFinite(perSecond) && perSecond > 0;
  if (isLimited && who.kind !== 'nobody')
    take(`of ${who.name}`, perSecond * limits.rateBurstFactor, perSecond);
  const from = addressOf(c);
  const isTrying = who.kind === 'nobody' && from !== '' && (showsCredential(c) || c.req.path === '/login');
  if (isTrying && !wrong(from).has(Date.now())) refuse();
  await next();
  // The right password of the same address gets in whatever others tried: only wrong ones empty the bucket.
  if (isTrying && c.res.status === 401) wrong(from).take(Date.now());
});

function take(key: string, burst: number, perSecond: number): void {
  if (!bucketOf(key, burst, perSecond).take(Date.now())) refuse();
}

function wrong(address: string): TokenBucket {
  return bucketOf(`wrong ${address}`, limits.wrongCredentialsBurst, limits.wrongCredentialsPerSecond);
}

function bucketOf(key: string, burst: number, perSecond: number): TokenBucket {
  let bucket = buckets.get(key);
  if (bucket === undefined) {
    if (buckets.size >= limits.rateBucketsMax) buckets.clear();
    bucket = new TokenBucket(burst, perSecond, Date.now());
    buckets.set(key, bucket);
  }
  return bucket;
}

function refuse(): never {
  throw new ApiError('rateLimited', 'too many requests, try again later', { 'Retry-After': '1' });
}

function showsCredential(c: AppContext): boolean {
  return (
    c.req.header('Authorization') !== undefined ||
    c.req.header('X-Auth-Token') !== undefined ||
    c.req.query('x-auth-token') !== undefined
  );
}
