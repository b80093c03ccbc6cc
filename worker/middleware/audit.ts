/**
 * The audit trail: who changed what, and who was refused. An entry is begun before a change and gets its outcome afterwards, so that no
 * change goes unrecorded: one that cannot be recorded is refused, and one whose outcome could not be written down stands there
 * without it. Refusals are gathered and handed over behind the answer, because strangers must not be able to make us work. What cannot
 * be handed over is kept for the next time; what there is no place for is counted. Where authentication is off there
 * is nobody to name, and nothing is recorded.
 */
import { createMiddleware } from 'hono/factory';
import type { Needed } from '../../core/auth/principal.ts';
import { limits } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { ApiError } from '../errors.ts';
import { registryOf } from '../objects/stubs.ts';
import { addressOf } from '../routes/address.ts';
import type { AuditEntry, AuditOutcome } from '../store/audit-store.ts';
import { BehindAnswers } from './behind-answers.ts';
import { log } from '../log.ts';

/** Questions that are asked by POST. */
const QUESTIONS = new Set(['topology', 'workflow.call']);
const WRITING_SOCKETS = new Set(['/ws/publisher', '/ws/pubsub', '/ws/probe/topology', '/ws/agent/topology']);
const REFUSALS = new Set([401, 403, 429]);
const PATH_CHARS_MAX = 512;
const NAME_CHARS_MAX = 255;
/** Of an entry whose change has not ended, or whose end could not be recorded. */
const NO_OUTCOME = 0;

let refusals: AuditEntry[] = [];
let outcomes: AuditOutcome[] = [];
let dropped = 0;
const flush = new BehindAnswers(flushAudit);

export const audit = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.get('principal').kind === 'open') return;
  const seq = c.get('auditSeq');
  if (seq !== undefined) await endEntry(c, { seq, status: c.res.status });
  else if (REFUSALS.has(c.res.status)) {
    if (refusals.length < limits.auditWaitingMax) refusals.push(entryOf(c, c.res.status));
    else dropped++;
    flush.plan(c);
  }
});

/** Requests that change something; a login is one too, and begins its own entry when the password is right. */
export function isChange(needs: Needed): boolean {
  return typeof needs === 'object' && needs.action === 'write' && !QUESTIONS.has(needs.object);
}

/** Sockets that bring parts of the graph. */
export function isSocketChange(needs: Needed): boolean {
  return typeof needs === 'object' && needs.object === 'websocket' && WRITING_SOCKETS.has(needs.action);
}

/** Before anything is changed. Throws ApiError `unavailable`: what cannot be recorded is not done. */
export async function beginEntry(c: AppContext): Promise<void> {
  if (c.get('principal').kind === 'open') return;
  try {
    c.set('auditSeq', await registryOf(c.env).beginAudit(entryOf(c, NO_OUTCOME)));
  } catch (error) {
    log('error', 'audit', 'not recorded, so nothing was done', { request: c.get('requestId'), error });
    throw new ApiError(
      'unavailable',
      'the audit trail cannot record this, so nothing was done: try again later',
      { 'Retry-After': '1' },
    );
  }
}

/** The change is made or refused by now, and its answer says so whatever becomes of this. */
async function endEntry(c: AppContext, outcome: AuditOutcome): Promise<void> {
  try {
    await registryOf(c.env).addAudit([], 0, [outcome]);
  } catch (error) {
    log('error', 'audit', 'outcome not recorded yet', { request: c.get('requestId'), error });
    if (outcomes.length < limits.auditWaitingMax) outcomes.push(outcome);
    else dropped++;
    flush.plan(c);
  }
}

function entryOf(c: AppContext, status: number): AuditEntry {
  const needs = c.get('needs');
  const who = c.get('principal');
  const { object, action } = typeof needs === 'object' ? needs : { object: '', action: '' };
  return {
    timeMs: Date.now(),
    name: who.name.slice(0, NAME_CHARS_MAX),
    kind: who.kind,
    address: addressOf(c),
    method: c.req.method,
    path: c.req.path.slice(0, PATH_CHARS_MAX),
    object,
    action,
    status,
    requestId: c.get('requestId'),
  };
}

/** Hands over what this isolate gathered; what cannot be handed over is kept for the next time, with how many there was no place for. */
export async function flushAudit(env: Env): Promise<void> {
  if (refusals.length === 0 && outcomes.length === 0 && dropped === 0) return;
  const [entries, ends, lost] = [refusals, outcomes, dropped];
  [refusals, outcomes, dropped] = [[], [], 0];
  try {
    await registryOf(env).addAudit(entries, lost, ends);
  } catch (error) {
    const [keptRefusals, keptOutcomes] = [
      [...entries, ...refusals],
      [...ends, ...outcomes],
    ];
    refusals = keptRefusals.slice(0, limits.auditWaitingMax);
    outcomes = keptOutcomes.slice(0, limits.auditWaitingMax);
    dropped += lost + keptRefusals.length - refusals.length + keptOutcomes.length - outcomes.length;
    log('error', 'audit', 'not handed over yet', { error });
  }
}
