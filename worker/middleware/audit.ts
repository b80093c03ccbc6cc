/**
 * The audit trail: who changed what, and who was refused. A write is answered when its entry is kept (one call beside a write that made
 * several), so that no change goes unrecorded; refusals are gathered and handed over behind the answer, because strangers must not be able
 * to make us work. Where authentication is off there is nobody to name, and nothing is recorded.
 */
import { createMiddleware } from 'hono/factory';
import type { Needed } from '../../core/auth/principal.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { AppContext, AppEnv } from '../app.ts';
import { registryOf } from '../objects/stubs.ts';
import { addressOf } from '../routes/address.ts';
import type { AuditEntry } from '../store/audit-store.ts';

/** Questions that are asked by POST. */
const QUESTIONS = new Set(['topology', 'workflow.call']);
const WRITING_SOCKETS = new Set(['/ws/publisher', '/ws/pubsub', '/ws/probe/topology', '/ws/agent/topology']);
const PATH_CHARS_MAX = 512;
const NAME_CHARS_MAX = 255;
const FLUSH_EVERY_MS = 1_000;

let refusals: AuditEntry[] = [];
let dropped = 0;
let flushPlanned = false;

export const audit = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.get('principal').kind === 'open') return;
  const entry = entryOf(c);
  if (entry === undefined) return;
  if (entry.status === 401 || entry.status === 403 || entry.status === 429) {
    gather(c, entry);
    return;
  }
  await registryOf(c.env).addAudit([entry]);
});

/** Undefined for what is neither a change nor a refusal. */
function entryOf(c: AppContext): AuditEntry | undefined {
  const needs: Needed | undefined = c.get('needs');
  const { status } = c.res;
  const isRefused = status === 401 || status === 403 || status === 429;
  if (!isRefused && !isWrite(c, needs)) return undefined;
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

function isWrite(c: AppContext, needs: Needed | undefined): boolean {
  if (c.req.path === '/login') return true;
  if (needs === undefined || typeof needs === 'string') return false;
  if (needs.object === 'websocket') return c.res.status === 101 && WRITING_SOCKETS.has(needs.action);
  return needs.action === 'write' && !QUESTIONS.has(needs.object);
}

/** At most so many wait; the rest is counted, and the next entry says how many they were. */
function gather(c: AppContext, entry: AuditEntry): void {
  if (refusals.length >= limits.auditWaitingMax) dropped++;
  else refusals.push(entry);
  if (flushPlanned) return;
  flushPlanned = true;
  c.executionCtx.waitUntil(
    scheduler.wait(FLUSH_EVERY_MS).then(() => {
      flushPlanned = false;
      return flush(c.env);
    }),
  );
}

async function flush(env: Env): Promise<void> {
  const [entries, lost] = [refusals, dropped];
  refusals = [];
  dropped = 0;
  try {
    await registryOf(env).addAudit(entries, lost);
  } catch (error) {
    console.error(JSON.stringify({ error: `refusals not recorded: ${messageOf(error)}` }));
  }
}
