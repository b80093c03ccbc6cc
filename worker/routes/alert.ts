/**
 * `/api/alert`: questions that are asked again and again, and told when the answer changes. Kept by the Registry; the Topology
 * object asks them (objects/alert-keeper.ts).
 */
import { z } from '@hono/zod-openapi';
import { shownAlert, type Alert } from '../../core/alert/alert.ts';
import { readAlert } from '../../core/alert/validate.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { resourcesOf } from '../objects/stubs.ts';
import { mountResource, patchedAs } from './resource.ts';
import { jsonText } from './rest.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';

const members = {
  Name: z.string(),
  Description: z.string(),
  Expression: z.string().openapi({
    description: 'Gremlin, or JavaScript when it is none',
    example: "G.V().Has('Type', 'veth').Has('State', 'DOWN')",
  }),
  Action: z.string().openapi({
    description: 'Empty, or an http(s) URL to which each firing is POSTed',
    example: 'https://hooks.example.org/edgedive',
  }),
  Trigger: z.string().openapi({
    description: 'Empty or `graph`: as the graph changes; `duration:<Go duration>`: that often',
    example: 'duration:30s',
  }),
  CreateTime: z.string().openapi({ format: 'date-time' }),
};

const alertSchema = z.object({ ...members, UUID: z.uuid() }).openapi('Alert');
const alertRequest = z
  .object({ ...members, UUID: z.string() })
  .partial()
  .openapi('AlertRequest');

/** Throws ApiError. */
function checked(input: unknown): Omit<Alert, 'UUID'> {
  const read = readAlert(input, Date.now());
  if ('errors' in read) throw new ApiError('invalidResource', read.errors.join('\n'));
  return read.alert;
}

/** Its id never changes. Throws ApiError. */
async function patched(env: Env, id: string, patch: readonly unknown[]): Promise<Response> {
  const alert = await resourcesOf(env, 'alert').change(id, (before) => {
    const read = patchedAs(shownAlert(before), patch, (after) => readAlert(after, Date.now()));
    return { ...read.alert, UUID: before.UUID };
  });
  if (alert === undefined) throw new ApiError('unknownResource', '');
  return jsonText(escapeHtml(JSON.stringify(shownAlert(alert))));
}

export function mountAlert(app: App): void {
  mountResource(app, {
    name: 'alert',
    title: 'Alert',
    tag: 'Alerts',
    schema: alertSchema,
    request: alertRequest,
    list: async (env) => {
      const alerts = await resourcesOf(env, 'alert').list();
      return Object.fromEntries(alerts.map((alert) => [alert.UUID, shownAlert(alert)]));
    },
    get: async (env, id) => {
      const alert = await resourcesOf(env, 'alert').get(id);
      return alert && shownAlert(alert);
    },
    create: async (env, input, ttlMs) =>
      shownAlert(await resourcesOf(env, 'alert').create(checked(input), { ttlMs: ttlMs() })),
    remove: async (env, id) => resourcesOf(env, 'alert').delete(id),
    patch: patched,
  });
}
