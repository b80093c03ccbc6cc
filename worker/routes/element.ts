/**
 * `/api/node` and `/api/edge`: what people add to the graph, and change in it. They live in the Topology object like what probes
 * find, so that queries and subscribers see no difference.
 */
import { z } from '@hono/zod-openapi';
import {
  checkEdge,
  checkNode,
  decodeEdge,
  decodeNode,
  type Checked,
  type ElementKind,
} from '../../core/wire/element-body.ts';
import { edgeToJson, nodeToJson } from '../../core/wire/element-json.ts';
import { escapeHtml } from '../../core/wire/go-json.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { topologyOf } from '../objects/stubs.ts';
import type { ElementAnswer } from '../objects/user-elements.ts';
import { mountResource, type Resource } from './resource.ts';
import { jsonText } from './rest.ts';

const timeMs = z.int().min(0).nullable();
const members = {
  ID: z.string().min(1).openapi({ description: "The caller's own; any characters", example: 'rack-7' }),
  Metadata: z.looseObject({}).openapi({ example: { Name: 'rack-7', Type: 'rack' } }),
};
const ends = {
  Parent: z.string().min(1).openapi({ description: 'Id of a node' }),
  Child: z.string().min(1).openapi({ description: 'Id of a node' }),
};
const rest = {
  Host: z.string(),
  Origin: z.string().openapi({ description: 'Whose connection owns it; `api.<host id>` when not given' }),
  CreatedAt: timeMs.openapi({ description: 'ms since 1970' }),
  UpdatedAt: timeMs,
  DeletedAt: timeMs,
  Revision: z.int().min(0),
};

const nodeSchema = z.object({ ...members, ...rest }).openapi('Node');
const edgeSchema = z.object({ ...members, ...rest, ...ends }).openapi('Edge');
const optional = z.object(rest).partial().shape;
const nodeRequest = z.object({ ...members, ...optional }).openapi('NodeRequest');
const edgeRequest = z.object({ ...members, ...optional, ...ends }).openapi('EdgeRequest');

type Kept = Pick<Resource, 'hasOwnIds' | 'list' | 'get' | 'create' | 'remove' | 'patch'>;

/** `read` gives the checked element in public form. */
function kept(kind: ElementKind, read: (input: unknown, env: Env) => Checked<unknown>): Kept {
  return {
    hasOwnIds: true,
    list: async (env) => topologyOf(env).elementsJson(kind),
    get: async (env, id) => {
      const json = await topologyOf(env).elementJson(kind, id);
      return json === undefined ? undefined : (JSON.parse(json) as unknown);
    },
    create: async (env, input) => {
      const checked = read(input, env);
      if (!checked.ok) throw new ApiError('invalidResource', checked.fault);
      const answer = await topologyOf(env).createElement(kind, JSON.stringify(checked.element));
      return JSON.parse(jsonOf(answer)) as unknown;
    },
    remove: async (env, id) => topologyOf(env).deleteElement(kind, id),
    patch: async (env, id, patch) => {
      const answer = await topologyOf(env).patchElement(kind, id, JSON.stringify(patch));
      if (answer.kind === 'unchanged') return new Response(null, { status: 304 });
      return jsonText(escapeHtml(jsonOf(answer)));
    },
  };
}

function jsonOf(answer: ElementAnswer): string {
  if (answer.kind === 'done') return answer.json;
  if (answer.kind === 'refused') throw new ApiError(answer.fault, answer.text);
  throw new ApiError('unknownResource', '');
}

function defaultsOf(env: Env): { readonly origin: string; readonly nowMs: number } {
  return { origin: `api.${env.EDGEDIVE_HOST_ID}`, nowMs: Date.now() };
}

export function mountNode(app: App): void {
  mountResource(app, {
    name: 'node',
    title: 'Node',
    tag: 'Nodes',
    schema: nodeSchema,
    request: nodeRequest,
    ...kept('node', (input, env) => {
      const checked = checkNode(decodeNode(input, defaultsOf(env)));
      return checked.ok ? { ok: true, element: nodeToJson(checked.element) } : checked;
    }),
  });
}

export function mountEdge(app: App): void {
  mountResource(app, {
    name: 'edge',
    title: 'Edge',
    tag: 'Edges',
    schema: edgeSchema,
    request: edgeRequest,
    ...kept('edge', (input, env) => {
      const checked = checkEdge(decodeEdge(input, defaultsOf(env)));
      return checked.ok ? { ok: true, element: edgeToJson(checked.element) } : checked;
    }),
  });
}
