/**
 * Counts refusals. The Worker keeps nothing, so each isolate gathers what it refused and hands the sums to the Registry
 * at most once a second, after the answer: a storm of bad requests costs one call a second an isolate.
 * Only refusals are counted, so good requests cost nothing.
 */
import { messageOf } from '../../core/errors.ts';
import type { AppContext } from '../app.ts';
import type { ApiErrorCode, RateCounter } from '../errors.ts';
import { registryOf } from '../objects/stubs.ts';

const FLUSH_EVERY_MS = 1_000;
/** A flush that has not ended after this was cancelled with its request. */
const FLUSH_LOST_MS = 30_000;

const pending = new Map<ApiErrorCode | RateCounter, number>();
let flushPlannedAt = 0;

/** One more refusal of this kind. */
export function count(c: AppContext, code: ApiErrorCode | RateCounter): void {
  pending.set(code, (pending.get(code) ?? 0) + 1);
  const now = Date.now();
  if (now - flushPlannedAt < FLUSH_LOST_MS) return;
  flushPlannedAt = now;
  c.executionCtx.waitUntil(
    scheduler.wait(FLUSH_EVERY_MS).then(() => {
      flushPlannedAt = 0;
      return flushCounters(c.env);
    }),
  );
}

/** Hands over what this isolate gathered; what cannot be handed over is kept for the next time. */
export async function flushCounters(env: Env): Promise<void> {
  if (pending.size === 0) return;
  const sums = Object.fromEntries(pending);
  pending.clear();
  try {
    await registryOf(env).addCounters(sums);
  } catch (error) {
    for (const [code, sum] of Object.entries(sums) as [ApiErrorCode | RateCounter, number][])
      pending.set(code, (pending.get(code) ?? 0) + sum);
    console.error(JSON.stringify({ error: `counters not handed over: ${messageOf(error)}` }));
  }
}
