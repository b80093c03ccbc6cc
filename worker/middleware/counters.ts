/**
 * Counts refusals. The Worker keeps nothing, so each isolate gathers what it refused and hands the sums to the Registry
 * behind its answers. Only refusals are counted, so good requests cost nothing.
 */
import type { AppContext } from '../app.ts';
import type { ApiErrorCode, RateCounter } from '../errors.ts';
import { registryOf } from '../objects/stubs.ts';
import { BehindAnswers } from './behind-answers.ts';
import { log } from '../log.ts';

const pending = new Map<ApiErrorCode | RateCounter, number>();
const flush = new BehindAnswers(flushCounters);

/** One more refusal of this kind. */
export function count(c: AppContext, code: ApiErrorCode | RateCounter): void {
  pending.set(code, (pending.get(code) ?? 0) + 1);
  flush.plan(c);
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
    log('error', 'counters', 'not handed over', { error });
  }
}
