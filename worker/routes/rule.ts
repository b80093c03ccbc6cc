/**
 * `/api/noderule` and `/api/edgerule`: what the graph is to have beyond what probes find. Kept by the Registry, which tells the
 * Topology object; there they are evaluated as the graph changes (docs/design/rules.md).
 */
import { z } from '@hono/zod-openapi';
import { RULE_ACTIONS } from '../../core/rules/rule.ts';
import { readEdgeRule, readNodeRule, type ReadRule } from '../../core/rules/validate.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import type { ResourceKind, Resources } from '../objects/resource-kinds.ts';
import { resourcesOf } from '../objects/stubs.ts';
import { mountResource, type Resource } from './resource.ts';

const texts = { Name: z.string(), Description: z.string() };
const nodeRuleSchema = z
  .object({
    ...texts,
    Metadata: z
      .looseObject({})
      .nullable()
      .openapi({ example: { 'Labels.Room': 'B 12' } }),
    Action: z.enum(RULE_ACTIONS).openapi({
      description: '`create` makes a node of the metadata, `update` sets it on each node of the query',
    }),
    Query: z.string().openapi({ example: "G.V().Has('Type', 'host')" }),
    UUID: z.uuid(),
  })
  .openapi('NodeRule');
const edgeRuleSchema = z
  .object({
    ...texts,
    Src: z.string().openapi({ description: 'Gremlin: the parents', example: "G.V().Has('Name', 'TOR1')" }),
    Dst: z.string().openapi({ description: 'Gremlin: the children', example: "G.V().Has('Name', 'eth0')" }),
    Metadata: z
      .looseObject({})
      .nullable()
      .openapi({ example: { RelationType: 'layer2' } }),
    UUID: z.uuid(),
  })
  .openapi('EdgeRule');

type RuleKind = Extract<ResourceKind, 'noderule' | 'edgerule'>;
type Kept = Pick<Resource, 'list' | 'get' | 'create' | 'remove'>;

/** `show` gives the members in the reference's order. */
function kept<Kind extends RuleKind>(
  kind: Kind,
  read: (input: unknown) => ReadRule<Resources[Kind]>,
  show: (rule: Resources[Kind]) => Resources[Kind],
): Kept {
  return {
    list: async (env) => {
      const rules = await resourcesOf(env, kind).list();
      return Object.fromEntries(rules.map((rule) => [rule.UUID, show(rule)]));
    },
    get: async (env, id) => {
      const rule = await resourcesOf(env, kind).get(id);
      return rule && show(rule);
    },
    create: async (env, input, ttlMs) => {
      const checked = read(input);
      if ('errors' in checked) throw new ApiError('invalidResource', checked.errors.join('\n'));
      return show(await resourcesOf(env, kind).create(checked.rule, { ttlMs: ttlMs() }));
    },
    remove: async (env, id) => resourcesOf(env, kind).delete(id),
  };
}

export function mountNodeRule(app: App): void {
  mountResource(app, {
    name: 'noderule',
    title: 'Noderule',
    type: 'NodeRule',
    tag: 'Node rules',
    schema: nodeRuleSchema,
    request: nodeRuleSchema.partial().openapi('NodeRuleRequest'),
    ...kept('noderule', readNodeRule, ({ Name, Description, Metadata, Action, Query, UUID }) => ({
      Name,
      Description,
      Metadata,
      Action,
      Query,
      UUID,
    })),
  });
}

export function mountEdgeRule(app: App): void {
  mountResource(app, {
    name: 'edgerule',
    title: 'Edgerule',
    type: 'EdgeRule',
    tag: 'Edge rules',
    schema: edgeRuleSchema,
    request: edgeRuleSchema.partial().openapi('EdgeRuleRequest'),
    ...kept('edgerule', readEdgeRule, ({ Name, Description, Src, Dst, Metadata, UUID }) => ({
      Name,
      Description,
      Src,
      Dst,
      Metadata,
      UUID,
    })),
  });
}
