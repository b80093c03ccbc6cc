/** Calls a workflow for somebody: whoever calls it, the script has their rights, and the analyzer's limits. */
import { limits } from '../../core/limits.ts';
import { readWorkflowSettings } from '../../core/workflow/settings.ts';
import type { Workflow } from '../../core/workflow/workflow.ts';
import { ApiError } from '../errors.ts';
import { Turns } from '../turns.ts';
import { innerApi, type InnerApi } from './inner-api.ts';
import { runScript, type ScriptOutcome } from './run-script.ts';

const scripts = new Turns({
  most: limits.scriptsRunningMax,
  waitingMost: limits.scriptsWaitingMax,
  refusal: 'too many scripts are running',
});
/** A script ends itself in time unless its caller has gone, and then nothing of it goes on. */
const GONE_MS = 1_000;

/** Characters of a source in the text that says it does not compile. */
const SHOWN_SOURCE_CHARS = 1_000;

export interface Called {
  /** The result as JSON. */
  readonly json: string;
  /** What the script said on its console. */
  readonly log: string;
}

/** Throws ApiError 400 for a script that fails or is ended, 503 when too many run. */
export async function callWorkflow(
  workflow: Workflow,
  args: readonly unknown[],
  inner: InnerApi,
): Promise<Called> {
  const { timeMs, memoryBytes, queries } = readWorkflowSettings(inner.env);
  const outcome = await scripts.run(timeMs + GONE_MS, () =>
    runScript({
      source: workflow.Source,
      args,
      api: innerApi(inner),
      limits: { timeMs, memoryBytes, queries },
    }),
  );
  if (outcome.ok) return outcome;
  throw new ApiError(
    outcome.why === 'limit' ? 'scriptLimit' : 'scriptFailed',
    textOf(outcome, workflow),
    logHeader(outcome.log),
  );
}

/** Clients take headers of some kilobytes; three bytes may become nine characters. */
const LOG_HEADER_CHARS_MAX = 4_096;

/** What was said on the console, percent-encoded: it is the caller's, who may be looking for a mistake. */
export function logHeader(log: string): Record<string, string> {
  if (log === '') return {};
  const encoded = encodeURIComponent(log.toWellFormed());
  // Cut between characters: before a byte that continues one, and not inside what stands for a byte.
  const cut = encoded.slice(0, LOG_HEADER_CHARS_MAX).replace(/%[\da-f]?$/i, '');
  const whole =
    cut.length < encoded.length ? cut.replace(/(?:%[c-f][\da-f])?(?:%[89ab][\da-f])*$/i, '') : cut;
  return { 'X-Edgedive-Console': whole };
}

function textOf(outcome: Extract<ScriptOutcome, { ok: false }>, { Source }: Workflow): string {
  if (outcome.why !== 'uncompiled')
    return outcome.text === '' ? 'the script threw an empty text' : outcome.text;
  const shown = Source.length > SHOWN_SOURCE_CHARS ? `${Source.slice(0, SHOWN_SOURCE_CHARS)}…` : Source;
  return `Error while compile source ${shown}: ${outcome.text}`;
}
