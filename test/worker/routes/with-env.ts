/** The Worker with other surroundings. */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import app from '../../../worker/index.ts';

/** A request to the Worker with some bindings replaced. */
export async function requestWith(
  bindings: Readonly<Record<string, unknown>>,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return app.request(`http://localhost${path}`, init, { ...env, ...bindings }, createExecutionContext());
}

/** A namespace whose only object has these methods. */
export const namespaceOf = (methods: Readonly<Record<string, () => unknown>>) => ({
  getByName: () => methods,
});
