/**
 * Expressions of alerts that are JavaScript: a program whose last value, awaited, is the answer. Nobody calls an alert, so there are no
 * rights that it could have: it asks Gremlin, as expressions in Gremlin do, and nothing else.
 */
import { GremlinError } from '../../core/gremlin/errors.ts';
import { firstJsonValue } from '../../core/wire/json-input.ts';
import { readWorkflowSettings } from '../../core/workflow/settings.ts';
import { runScript, type ApiAnswer, type ApiRequest } from './run-script.ts';

/** The answer. `ask` gives that of a query, and throws GremlinError. Throws an Error with the words of a script that fails. */
export async function runAlertScript(
  expression: string,
  env: Env,
  ask: (gremlin: string) => Promise<{ readonly answer: unknown }>,
): Promise<unknown> {
  const outcome = await runScript({
    source: `() => {
      const answer = (0, eval)(${JSON.stringify(expression)});
      if (typeof answer === 'function') throw new TypeError('the expression is a function, and no answer');
      return answer;
    }`,
    args: [],
    api: (request) => answerOf(request, ask),
    limits: readWorkflowSettings(env),
  });
  if (!outcome.ok) throw new Error(outcome.text);
  return JSON.parse(outcome.json) as unknown;
}

async function answerOf(
  { method, url, body }: ApiRequest,
  ask: (gremlin: string) => Promise<{ readonly answer: unknown }>,
): Promise<ApiAnswer> {
  if (method !== 'POST' || url !== '/api/topology')
    return { status: 403, text: 'the script of an alert asks Gremlin and nothing else' };
  const { GremlinQuery } = firstJsonValue(body).value as { readonly GremlinQuery: string };
  try {
    const { answer } = await ask(GremlinQuery);
    return { status: 200, text: JSON.stringify(answer) };
  } catch (error) {
    if (!(error instanceof GremlinError)) throw error;
    return { status: 400, text: error.message };
  }
}
