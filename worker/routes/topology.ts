/**
 * `/api/topology`: Gremlin queries over graph and flows, and the whole graph. The Topology object runs the query; here
 * stand only the HTTP habits (REST section 5 of the reference notes): empty queries, formats, what it cost.
 */
import { z, type RouteConfig } from '@hono/zod-openapi';
import { limits } from '../../core/limits.ts';
import { negotiate } from '../../core/wire/accept.ts';
import { decodeMembers, firstJsonValue, InputError } from '../../core/wire/json-input.ts';
import type { App, AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';
import { topologyOf } from '../objects/stubs.ts';
import { queryWorkflows } from '../script/query-workflows.ts';
import { asMalformed, jsonText, mount, readBody, refusals } from './rest.ts';

const FORMATS = {
  'application/json': 'json',
  'text/vnd.graphviz': 'dot',
  'application/vnd.tcpdump.pcap': 'pcap',
} as const;
type MediaType = keyof typeof FORMATS;
const OFFERS = Object.keys(FORMATS) as [MediaType, ...MediaType[]];

/** Hosts named in the cost headers at most; their number is always told. */
const SILENT_HOSTS_NAMED_MAX = 20;

/** Longer hints and warnings are cut in their headers. */
const HEADER_CHARS_MAX = 1_000;

const metadata = z.record(z.string(), z.unknown());
const times = {
  CreatedAt: z.int().nullable().openapi({ description: 'ms since 1970' }),
  UpdatedAt: z.int().nullable(),
  DeletedAt: z.int().nullable(),
};
const element = {
  ID: z.string(),
  Metadata: metadata,
  Host: z.string(),
  Origin: z.string(),
  ...times,
  Revision: z.int(),
};
const nodeSchema = z.object(element).openapi('Node');
const edgeSchema = z.object({ ...element, Parent: z.string(), Child: z.string() }).openapi('Edge');
const graphSchema = z
  .object({ Nodes: z.array(nodeSchema).nullable(), Edges: z.array(edgeSchema).nullable() })
  .openapi('Graph');
const paramsSchema = z
  .object({ GremlinQuery: z.string().optional().openapi({ example: "G.V().Has('Type', 'host')" }) })
  .openapi('TopologyParams');
const planSchema = z
  .object({
    Query: z.string().openapi({ description: 'The query as it was understood' }),
    Steps: z.array(
      z.object({
        Step: z.string(),
        Folded: z.array(z.string()).optional().openapi({ description: 'Steps that ran as part of this one' }),
        From: z.string(),
        To: z.string(),
        Index: z.string().optional().openapi({ description: 'What was looked up in an index' }),
        Flows: z.array(z.record(z.string(), z.unknown())).optional().openapi({
          description: 'What shards were asked: Filter, Hosts, Sort, Dedup, Range, and what it Ships',
        }),
        Visited: z.int(),
        Count: z.int().optional(),
        Ms: z.int(),
      }),
    ),
    Result: z.object({ Kind: z.string(), Count: z.int() }),
    Warnings: z.array(z.string()),
    Cost: z.record(z.string(), z.unknown()),
  })
  .openapi('QueryPlan');
const refusalSchema = z
  .object({
    Error: z.string(),
    Stage: z.string(),
    Code: z.string(),
    Offset: z.int().optional().openapi({ description: 'Where in the query, in UTF-16 units' }),
    At: z.string().optional(),
    Hint: z.string().optional(),
  })
  .openapi('QueryRefusal');
const anyValue = z.any().openapi('AnyValue');
const file = z.string().openapi({ format: 'binary' });

/** With explain=1 a refused query is told as JSON. */
function explainable(refusal: RouteConfig['responses'][string]): RouteConfig['responses'][string] {
  const { content } = refusal as {
    readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
  };
  return { ...refusal, content: { ...content, 'application/json': { schema: refusalSchema } } };
}

/** The query in a body; '' when there is none. Throws ApiError. */
function readQuery(text: string): string {
  if (text.trim() === '') return '';
  const query = asMalformed(() => {
    const { value, more } = firstJsonValue(text);
    if (more) throw new InputError('invalid character after top-level value');
    return value === null ? '' : (decodeMembers(value, { GremlinQuery: 'string' }).GremlinQuery ?? '');
  });
  if (query.length > limits.queryCharsMax)
    throw new ApiError('invalidQuery', `query is longer than ${limits.queryCharsMax} characters`);
  return query;
}

type Answer = Awaited<ReturnType<ReturnType<typeof topologyOf>['query']>>;
type Cost = Extract<Answer, { status: 200 }>['cost'];

/** What the answer cost, and which probes did not say in time that all their flows are here. */
function costHeaders(cost: Cost): Record<string, string> {
  const { visited, shards, silentHosts, silentShards, ms } = cost;
  const headers: Record<string, string> = {
    'X-Edgedive-Cost': `visited=${visited}, shards=${shards}, silent=${silentHosts.length}, ms=${ms}`,
  };
  if (silentHosts.length > 0)
    headers['X-Edgedive-Silent-Hosts'] = silentHosts
      .slice(0, SILENT_HOSTS_NAMED_MAX)
      .map(encodeURIComponent)
      .join(', ');
  if (silentShards.length > 0)
    headers['X-Edgedive-Silent-Shards'] = silentShards.map(encodeURIComponent).join(', ');
  return headers;
}

/** A text for people as the value of a header: line breaks and what is not ASCII are percent-encoded. */
function headerText(text: string): string {
  const plain = text.length > HEADER_CHARS_MAX ? `${text.slice(0, HEADER_CHARS_MAX)}…` : text;
  return plain.replaceAll(/[^\x20-\x7e]/gu, (character) =>
    /[\ud800-\udfff]/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character),
  );
}

/** `?explain=1`: how the query runs instead of what it yields; a refused one as JSON too. */
async function explain(c: AppContext, app: App, query: string): Promise<Response> {
  const answer: Answer = await topologyOf(c.env).query(query, 'explain', queryWorkflows(c, app, query));
  if (answer.status === 200) return jsonText(answer.body as BodyInit);
  const refused = jsonText(answer.explained, answer.status);
  refused.headers.set('X-Edgedive-Error', 'invalidQuery');
  return refused;
}

function wantsPlan(c: AppContext): boolean {
  const wanted = c.req.query('explain');
  return wanted !== undefined && wanted !== '0' && wanted !== 'false';
}

async function search(c: AppContext, app: App): Promise<Response> {
  const query = readQuery(await readBody(c));
  // A type without a body, because the published Python client reads that header unasked.
  if (query === '')
    return new Response(null, { status: 204, headers: { 'Content-Type': 'application/json' } });
  if (wantsPlan(c)) return explain(c, app, query);
  const workflows = queryWorkflows(c, app, query);
  let refused: Exclude<Answer, { status: 200 }> | undefined;
  for (const type of negotiate(c.req.header('Accept'), OFFERS)) {
    const answer: Answer = await topologyOf(c.env).query(query, FORMATS[type], workflows);
    if (answer.status === 200)
      return new Response(answer.body as BodyInit, {
        headers: {
          'Content-Type': answer.contentType,
          ...costHeaders(answer.cost),
          ...(answer.warnings.length === 0
            ? {}
            : { 'X-Edgedive-Warning': headerText(answer.warnings.join('; ')) }),
        },
      });
    refused ??= answer;
    if (answer.status === 400) break;
  }
  const { status, text, hint } = refused!;
  if (status === 406) throw new ApiError('notAcceptable', `Error while encoding response: ${text}`);
  throw new ApiError('invalidQuery', text, hint === '' ? {} : { 'X-Edgedive-Hint': headerText(hint) });
}

/** The body with the line feed that GET answers end with. */
function withLineFeed(body: string | ReadableStream<Uint8Array>): BodyInit {
  if (typeof body === 'string') return `${body}\n`;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      flush: (controller) => controller.enqueue(new TextEncoder().encode('\n')),
    }),
  );
}

export function mountTopology(app: App): void {
  // Swagger 2 knows no alternatives: the description of the route names it.
  app.openAPIRegistry.register('QueryPlan', planSchema);
  mount(
    app,
    {
      needs: { object: 'topology', action: 'read' },
      method: 'get',
      path: '/api/topology',
      operationId: 'getTopology',
      tags: ['Topology'],
      summary: 'The whole graph',
      responses: {
        200: { description: 'Nodes and edges', content: { 'application/json': { schema: graphSchema } } },
      },
    },
    async (c) => jsonText(withLineFeed(await topologyOf(c.env).graphJson())),
  );
  mount(
    app,
    {
      needs: { object: 'topology', action: 'read' },
      method: 'post',
      path: '/api/topology',
      operationId: 'searchTopology',
      tags: ['Topology'],
      summary: 'Run a Gremlin query over graph and flows',
      description:
        'With explain=1 the answer is a QueryPlan: the steps, what ran as one, the index used, what shards were asked. ' +
        'X-Edgedive-Cost says what an answer took, X-Edgedive-Warning what looks like a mistake (a key that nothing has), ' +
        'X-Edgedive-Hint beside a 400 where the query is wrong and what was expected.',
      request: {
        query: z.object({
          explain: z.string().optional().openapi({ description: 'Anything but 0 and false: the plan' }),
        }),
        body: { content: { 'application/json': { schema: paramsSchema } } },
      },
      responses: {
        200: {
          description: 'The result; its shape depends on the query',
          content: {
            'application/json': { schema: anyValue },
            'text/vnd.graphviz': { schema: file },
            'application/vnd.tcpdump.pcap': { schema: file },
          },
        },
        204: { description: 'No query' },
        ...refusals(406, 413),
        400: explainable(refusals(400)[400]!),
      },
    },
    async (c) => search(c, app),
  );
}
