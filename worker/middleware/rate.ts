/**
 * How much one may ask: a bucket for each principal, a smaller one for its changes, and one for each address that shows tokens which are
 * none. Passwords have buckets of their own, that decide before a password is looked at (worker/auth/tries.ts); here only the
 * answer to whoever was held back is given. Buckets are this isolate's: a hosted Worker has several, each of which lets so much through. Off where
 * authentication is off.
 */
import { createMiddleware } from 'hono/factory';
import { limits } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { network } from '../auth/tries.ts';
import { ApiError, type RateCounter } from '../errors.ts';
import type { TokenBucket } from '../objects/rate-limit.ts';
import { addressOf } from '../routes/address.ts';
import { count } from './counters.ts';
import { RateBuckets } from './rate-buckets.ts';

/** When nobody says: as core/config/settings.ts has it. */
const RATE = 200;
const WRITE_RATE = 50;

const ofPrincipals = new RateBuckets();
const ofAddresses = new RateBuckets();

export const rate = createMiddleware<AppEnv>(async (c, next) => {
  const heldBackMs = c.get('heldBackMs');
  if (heldBackMs !== undefined) refuse(c, 'rateLimitedCredentials', heldBackMs);
  const who = c.get('principal');
  if (who.kind !== 'nobody') take(c, 'rateLimitedReads', perSecond(c.env.EDGEDIVE_RATE, RATE));
  const from = addressOf(c);
  const isTrying = who.kind === 'nobody' && from !== '' && showsCredential(c) && c.get('isTried') !== true;
  if (isTrying) {
    const bucket = wrong(from);
    if (!bucket.has(Date.now())) refuse(c, 'rateLimitedCredentials', bucket.waitMs(Date.now()));
  }
  await next();
  if (isTrying && c.res.status === 401) wrong(from).take(Date.now());
});

/** Before a change. Throws ApiError `rateLimited`. */
export function takeChange(c: AppContext): void {
  take(c, 'rateLimitedWrites', perSecond(c.env.EDGEDIVE_WRITE_RATE, WRITE_RATE));
}

/** Only what says 0 lifts the bound; something unreadable does not. */
function perSecond(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}

function take(c: AppContext, kind: RateCounter, rateMax: number): void {
  const who = c.get('principal');
  if (who.kind === 'open' || rateMax === 0) return;
  const nowMs = Date.now();
  // A token and a user may have the same name; another rate is another bucket.
  const key = JSON.stringify([kind, who.kind, who.name, rateMax]);
  const bucket = ofPrincipals.of(key, rateMax * limits.rateBurstFactor, rateMax, nowMs);
  if (!bucket.take(nowMs)) refuse(c, kind, bucket.waitMs(nowMs));
}

function wrong(address: string): TokenBucket {
  return ofAddresses.of(
    network(address),
    limits.wrongCredentialsBurst,
    limits.wrongCredentialsPerSecond,
    Date.now(),
  );
}

/** Throws ApiError `rateLimited`. */
export function refuse(c: AppContext, kind: RateCounter, waitMs: number): never {
  count(c, kind);
  throw new ApiError('rateLimited', 'too many requests, try again later', {
    'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1_000))),
  });
}

function showsCredential(c: AppContext): boolean {
  return (
    c.req.header('Authorization') !== undefined ||
    c.req.header('X-Auth-Token') !== undefined ||
    c.req.query('x-auth-token') !== undefined
  );
}
