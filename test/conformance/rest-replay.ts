/**
 * Plays recorded scenarios against a server: loads the graph that a scenario presupposes, sends its requests in order, maps the
 * ids that the server makes, and judges each answer. The server should be a fresh one without a probe.
 */
import { difference, jsonOf, misunderstanding, type Answer, type RestCase } from './rest-case.ts';
import { ruleFor } from './rest-rules.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly difference: string }
  | { readonly kind: 'divergent'; readonly rule: string };

/** A node or an edge as it is recorded. */
interface Element {
  readonly ID: string;
  readonly Parent?: string;
  readonly Child?: string;
  readonly Metadata?: object | null;
}
interface LabGraph {
  readonly nodes: readonly Element[];
  readonly edges: readonly Element[];
}

/** The host of the recordings. */
const RECORDED_HOST = 'skyref';
const RESOURCES = ['capture', 'alert', 'noderule', 'edgerule', 'injectpacket', 'workflow', 'edge', 'node'];
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g;

export class RestReplay {
  readonly #base: string;
  readonly #ids = new Map<string, string>();
  #host = '';

  constructor(base: string) {
    this.#base = base.replace(/\/$/, '');
  }

  /** Verdicts in the order of the lines. Rejects when the server does not answer at all. */
  async *play(lines: readonly unknown[]): AsyncGenerator<readonly [RestCase, Verdict]> {
    this.#ids.clear();
    const api = await this.#send('GET', '/api');
    this.#host = String((jsonOf(api.text) as { Host?: unknown } | undefined)?.Host);
    await this.#prepare(lines.filter((line) => misunderstanding(line) === undefined) as RestCase[]);
    for (const line of lines) {
      const strange = misunderstanding(line);
      const recorded = line as RestCase;
      yield [
        recorded,
        strange === undefined
          ? await this.#judge(recorded)
          : { kind: 'failed', difference: `not understood: ${strange}` },
      ];
    }
  }

  async #judge(recorded: RestCase): Promise<Verdict> {
    const { method, path, headers, body, body_encoding } = recorded.request;
    const sent =
      body === null ? undefined : body_encoding === 'base64' ? Buffer.from(body, 'base64') : this.#ours(body);
    let answer: Answer;
    try {
      answer = await this.#send(method, this.#ours(path), headers, sent);
    } catch (error) {
      return { kind: 'failed', difference: `no answer: ${String(error)}` };
    }
    // A crash of the reference is no answer to compare with.
    if (recorded.response.status === null) return { kind: 'passed' };
    this.#learn(recorded, answer);
    const expected = this.#ours(recorded.response.body ?? '');
    const found = difference(recorded, expected, answer);
    if (found === undefined) return { kind: 'passed' };
    const rule = ruleFor({ recorded, expected, answer });
    return rule === undefined
      ? { kind: 'failed', difference: found }
      : { kind: 'divergent', rule: rule.name };
  }

  /** Ids of resources are made by the server. */
  #learn(recorded: RestCase, answer: Answer): void {
    if (recorded.request.method !== 'POST' || answer.status !== 201) return;
    const theirs = (jsonOf(recorded.response.body ?? '') as { UUID?: string } | undefined)?.UUID;
    const ours = (jsonOf(answer.text) as { UUID?: string } | undefined)?.UUID;
    if (theirs !== undefined && ours !== undefined) this.#ids.set(theirs, ours);
  }

  /** A recorded text with our ids and our host. */
  #ours(text: string): string {
    return text
      .replaceAll(UUID, (id) => this.#ids.get(id) ?? id)
      .replaceAll(`.${RECORDED_HOST}"`, `.${this.#host}"`);
  }

  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<Answer> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && method !== 'GET' && method !== 'HEAD' && { body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** An empty server, and then the graph that the first lists of the scenario show. */
  async #prepare(cases: readonly RestCase[]): Promise<void> {
    for (const resource of RESOURCES) {
      const { status, text } = await this.#send('GET', `/api/${resource}`);
      const list = status === 200 ? jsonOf(text) : undefined;
      for (const id of Object.keys(list ?? {}))
        await this.#send('DELETE', `/api/${resource}/${encodeURIComponent(id)}`);
    }
    const { nodes, edges } = presupposed(cases);
    for (const node of nodes) await this.#create('node', node);
    for (const edge of edges) await this.#create('edge', edge);
  }

  async #create(kind: 'node' | 'edge', element: Element): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const { status, text } = await this.#send(
      'POST',
      `/api/${kind}`,
      headers,
      this.#ours(JSON.stringify(element)),
    );
    if (status !== 201) throw new Error(`cannot load the ${kind} ${element.ID}: ${status} ${text}`);
  }
}

/** What a scenario's first lists hold, the nodes that its edges join, and what it deletes without having made it. */
function presupposed(cases: readonly RestCase[]): LabGraph {
  const nodes = new Map<string, Element>();
  const edges = new Map<string, Element>();
  const whole = wholeGraph(cases);
  for (const element of [...whole.nodes, ...firstList(cases, '/api/node')]) nodes.set(element.ID, element);
  for (const element of [...whole.edges, ...firstList(cases, '/api/edge')]) edges.set(element.ID, element);
  const made = new Set(cases.filter(isCreation).map(({ request }) => idIn(request.body)));
  const wanted = [
    ...[
      ...edges.values(),
      ...cases.filter((each) => each.request.path === '/api/edge' && isCreation(each)).map(elementOf),
    ].flatMap(({ Parent, Child }) => [Parent, Child]),
    ...cases.flatMap(({ request, response }) =>
      request.method === 'DELETE' && response.status === 200 && request.path.startsWith('/api/node/')
        ? [request.path.slice('/api/node/'.length)]
        : [],
    ),
  ];
  for (const id of wanted)
    if (id !== undefined && !nodes.has(id) && !made.has(id))
      nodes.set(id, { ID: id, Metadata: { Name: id, Type: 'device' } });
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function firstList(cases: readonly RestCase[], path: string): readonly Element[] {
  const first = cases.find(({ request }) => request.method === 'GET' && request.path === path);
  return Object.values((jsonOf(first?.response.body ?? '') as Record<string, Element> | undefined) ?? {});
}

/** The first answer to `G`. */
function wholeGraph(cases: readonly RestCase[]): LabGraph {
  const first = cases.find(({ request }) => request.body === '{"GremlinQuery": "G"}');
  const answer = jsonOf(first?.response.body ?? '') as
    | readonly { readonly Nodes: readonly Element[] | null; readonly Edges: readonly Element[] | null }[]
    | undefined;
  return { nodes: answer?.[0]?.Nodes ?? [], edges: answer?.[0]?.Edges ?? [] };
}

function isCreation({ request, response }: RestCase): boolean {
  return request.method === 'POST' && response.status === 201;
}

function elementOf({ request }: RestCase): Partial<Element> {
  return (jsonOf(request.body ?? '') as Partial<Element> | undefined) ?? {};
}

function idIn(body: string | null): string | undefined {
  return (jsonOf(body ?? '') as Partial<Element> | undefined)?.ID;
}
