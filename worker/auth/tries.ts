/**
 * How often passwords may be tried. A credential that people choose can be guessed, so each try takes from a bucket before anything is
 * compared, and the right one gives back what it took: an empty bucket tells nobody whether a guess was right, not even when the
 * guesses come all at once. The bucket is that of the address; a user who got in from an address lately has one of their
 * own there, so that others behind the same address cannot lock them out with wrong names. A token of ours or an identity provider's
 * is no guess and needs no bucket: whoever has one gets in whatever others tried.
 */
import { limits, timings } from '../../core/limits.ts';
import { RateBuckets } from '../middleware/rate-buckets.ts';
import type { TokenBucket } from '../objects/rate-limit.ts';

export type Tried =
  | 'right'
  | 'wrong'
  /** Not looked at; after so long it would be. */
  | { readonly waitMs: number };

const buckets = new RateBuckets();
/** Address and user → until when that pair is known. The longest unused first. */
const known = new Map<string, number>();
interface Try {
  readonly sinceMs: number;
  readonly bucket: TokenBucket;
  isGivenBack: boolean;
}

/** Tries under way: a client that sends the same credential with many requests at once tries once. */
const underWay = new Map<string, Try>();
/** One that takes longer was cancelled with its request. */
const LOST_MS = 10_000;

/** `name`: who it would be. `secret` is kept only while it is compared. */
export async function tried(
  address: string,
  name: string,
  secret: string,
  isRight: () => Promise<boolean>,
): Promise<Tried> {
  // Nobody tells where it comes from, which a runtime that others can reach always does.
  if (address === '') return (await isRight()) ? 'right' : 'wrong';
  const nowMs = Date.now();
  const pair = JSON.stringify([network(address), name]);
  const key = JSON.stringify([pair, secret]);
  let entry = underWay.get(key);
  if (entry === undefined || nowMs - entry.sinceMs > LOST_MS) {
    const bucket = bucketOf(pair, network(address), nowMs);
    if (!bucket.take(nowMs)) return { waitMs: bucket.waitMs(nowMs) };
    entry = { sinceMs: nowMs, bucket, isGivenBack: false };
    forgetOldest(underWay);
    underWay.set(key, entry);
  }
  try {
    if (!(await isRight())) return 'wrong';
    if (!entry.isGivenBack) entry.bucket.giveBack();
    entry.isGivenBack = true;
    remember(pair, nowMs);
    return 'right';
  } finally {
    if (underWay.get(key) === entry) underWay.delete(key);
  }
}

function bucketOf(pair: string, from: string, nowMs: number): TokenBucket {
  const isKnown = (known.get(pair) ?? 0) > nowMs;
  return buckets.of(
    isKnown ? pair : from,
    limits.wrongCredentialsBurst,
    limits.wrongCredentialsPerSecond,
    nowMs,
  );
}

function remember(pair: string, nowMs: number): void {
  known.delete(pair);
  forgetOldest(known);
  known.set(pair, nowMs + timings.knownPairMs);
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size < limits.knownPairsMax) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}

/** Whoever has one IPv6 address has the 2^64 beside it: its network counts (RFC 6177). */
export function network(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
    if (after > 0) groups.push(...tail.split(':'));
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
