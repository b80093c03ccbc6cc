/**
 * Plays recorded scenarios against a server: loads the graph that a scenario presupposes, sends its requests in order, maps the
 * ids that the server makes, and judges each answer. The server should be a fresh one without a probe.
 */
import { request } from 'node:http';
import { differences, jsonOf, misunderstanding, otherKind, type Answer, type RestCase } from './rest-case.ts';
import { ruleFor } from './rest-rules.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly difference: string }
  | { readonly kind: 'divergent'; readonly rule: string }
  /** Recorded from something that is no analyzer's REST side. */
  | { readonly kind: 'skipped'; readonly reason: string };

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

const NO_GRAPH: LabGraph = { nodes: [], edges: [] };

function understood(lines: readonly unknown[]): readonly RestCase[] {
  return lines.filter(
    (line) => otherKind(line) === undefined && misunderstanding(line) === undefined,
  ) as readonly RestCase[];
}

/** The first whole graph that one of the scenarios shows. */
export function labIn(scenarios: readonly (readonly unknown[])[]): LabGraph {
  for (const lines of scenarios) {
    const graph = wholeGraph(understood(lines));
    if (graph.nodes.length > 0) return graph;
  }
  return NO_GRAPH;
}

/** The host of the recordings. */
const RECORDED_HOST = 'skyref';
const RESOURCES = ['capture', 'alert', 'noderule', 'edgerule', 'injectpacket', 'workflow', 'edge', 'node'];
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g;

export class RestReplay {
  readonly #base: string;
  /** Recorded id → ours. */
  readonly #ids = new Map<string, string>();
  /** Recorded id → kind of its resource. */
  readonly #kinds = new Map<string, string>();
  #host = '';

  constructor(base: string) {
    this.#base = base.replace(/\/$/, '');
  }

  /**
   * Verdicts in the order of the lines; `lab` is the graph where the lines do not show one. Rejects when the server does not
   * answer at all.
   */
  async *play(
    lines: readonly unknown[],
    lab: LabGraph = NO_GRAPH,
  ): AsyncGenerator<readonly [RestCase, Verdict]> {
    this.#ids.clear();
    this.#kinds.clear();
    const api = await this.#send('GET', '/api');
    this.#host = String((jsonOf(api.text) as { Host?: unknown } | undefined)?.Host);
    await this.#prepare(understood(lines), lab);
    for (const [at, line] of lines.entries()) {
      const recorded = line as RestCase;
      const other = otherKind(line);
      if (other !== undefined) {
        yield [recorded, { kind: 'skipped', reason: other }];
        continue;
      }
      const strange = misunderstanding(line);
      yield [
        recorded,
        strange === undefined
          ? await this.#judge(recorded)
          : { kind: 'failed', difference: `not understood: ${strange}` },
      ];
      if (strange === undefined) await this.#tidy(lines.slice(at + 1));
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
    const found = differences(recorded, expected, answer);
    if (found.length === 0) return { kind: 'passed' };
    const names: string[] = [];
    for (const difference of found) {
      const rule = ruleFor(difference, { recorded, expected, answer });
      if (rule === undefined) return { kind: 'failed', difference: difference.text };
      names.push(rule.name);
    }
    return { kind: 'divergent', rule: names.join('; ') };
  }

  /**
   * Whoever made the recordings removed resources between the steps. One that is neither shown nor deleted later is
   * removed, so that it does not stand in the way of the next.
   */
  async #tidy(later: readonly unknown[]): Promise<void> {
    for (const [theirs, ours] of this.#ids) {
      const kind = `/api/${this.#kinds.get(theirs)}`;
      const isStillThere = later.some(
        (line) =>
          misunderstanding(line) === undefined &&
          (line as RestCase).request.path.startsWith(kind) &&
          JSON.stringify(line).includes(theirs),
      );
      if (isStillThere) continue;
      await this.#send('DELETE', `${kind}/${ours}`);
      this.#ids.delete(theirs);
    }
  }

  /** Ids of resources are made by the server. */
  #learn(recorded: RestCase, answer: Answer): void {
    if (recorded.request.method !== 'POST' || answer.status !== 201) return;
    const theirs = (jsonOf(recorded.response.body ?? '') as { UUID?: string } | undefined)?.UUID;
    const ours = (jsonOf(answer.text) as { UUID?: string } | undefined)?.UUID;
    if (theirs === undefined || ours === undefined) return;
    this.#ids.set(theirs, ours);
    this.#kinds.set(theirs, recorded.request.path.split('/')[2] ?? '');
  }

  /** A recorded text with our ids and our host. */
  #ours(text: string): string {
    return text
      .replaceAll(UUID, (id) => this.#ids.get(id) ?? id)
      .replaceAll(`.${RECORDED_HOST}"`, `.${this.#host}"`)
      .replace(`{"Host":"${RECORDED_HOST}"`, `{"Host":"${this.#host}"`);
  }

  /** Paths go out as they are; `fetch` would clean them. */
  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | Buffer,
  ): Promise<Answer> {
    const { hostname, port } = new URL(this.#base);
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const sent = request(
        { hostname, port, method, path, headers: { ...headers, ...length } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const all = response.headers as Record<string, string | undefined>;
            resolve({
              status: response.statusCode ?? 0,
              headers: all,
              text: Buffer.concat(chunks).toString(),
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** An empty server, and then the graph that the first lists of the scenario show. */
  async #prepare(cases: readonly RestCase[], lab: LabGraph): Promise<void> {
    for (const resource of RESOURCES) {
      const { status, text } = await this.#send('GET', `/api/${resource}`);
      const list = status === 200 ? jsonOf(text) : undefined;
      for (const id of Object.keys(list ?? {}))
        await this.#send('DELETE', `/api/${resource}/${encodeURIComponent(id)}`);
    }
    const shown = presupposed(cases);
    const { nodes, edges } = shown.nodes.length === 0 ? lab : shown;
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
