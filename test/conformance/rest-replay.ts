/**
 * Plays recorded scenarios against a server: loads what a scenario presupposes, as a probe where an agent had told it, sends its
 * requests in order, maps the ids that the server makes, and judges each answer. The server should be a fresh one without a probe.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EdgeJson, NodeJson } from '../../core/wire/element-json.ts';
import {
  flowTableIn,
  NO_GRAPH,
  presupposed,
  presupposedResources,
  understood,
  type Element,
  type LabGraph,
} from './recorded-lab.ts';
import { RecordedProbe } from './recorded-probe.ts';
import { answerDifference, answerIn, judgeQuery, ruleOfOrder, worldIn } from './recorded-queries.ts';
import {
  bytesOf,
  differences,
  jsonOf,
  misunderstanding,
  otherKind,
  queryOf,
  type Answer,
  type RestCase,
} from './rest-case.ts';
import { sendRecorded } from './rest-request.ts';
import { ruleFor } from './rest-rules.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly difference: string }
  | { readonly kind: 'divergent'; readonly rule: string }
  /** Recorded from something that is no analyzer's REST side. */
  | { readonly kind: 'skipped'; readonly reason: string };

/** The host of the recordings. */
const RECORDED_HOST = 'skyref';
const RESOURCES = ['capture', 'alert', 'noderule', 'edgerule', 'injectpacket', 'workflow', 'edge', 'node'];
/** What the analyzer itself makes; what the agent of the same host makes keeps its origin. */
const OWN_ORIGIN = new RegExp(`\\b(analyzer|api)\\.${RECORDED_HOST}"`, 'g');
/** How long an order may take on its way to a probe. */
const ORDERS_MS = 30;
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g;

export class RestReplay {
  readonly #base: string;
  /** Recorded id → ours. */
  readonly #ids = new Map<string, string>();
  /** Recorded id → kind of its resource. */
  readonly #kinds = new Map<string, string>();
  #host = '';
  #probes: RecordedProbe[] = [];
  /** The answer that the flow table was last loaded from. */
  #shownFlows = '';

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
    const cases = understood(lines);
    await this.#prepare(cases, lab);
    try {
      for (const [at, line] of lines.entries()) {
        const recorded = line as RestCase;
        const other = otherKind(line);
        const strange = misunderstanding(line);
        if (other !== undefined) yield [recorded, { kind: 'skipped', reason: other }];
        else if (strange !== undefined)
          yield [recorded, { kind: 'failed', difference: `not understood: ${strange}` }];
        else {
          await this.#loadFlows(recorded, cases);
          yield [recorded, await this.#judge(recorded)];
          await this.#tidy(understood(lines.slice(at + 1)));
        }
      }
    } finally {
      for (const probe of this.#probes) await probe.goodbye();
      this.#probes = [];
    }
  }

  async #judge(recorded: RestCase): Promise<Verdict> {
    const { method, path, headers, body, body_encoding } = recorded.request;
    const sent =
      body === null ? undefined : body_encoding === 'base64' ? Buffer.from(body, 'base64') : this.#ours(body);
    let answer: Answer;
    try {
      answer =
        method === 'GET'
          ? await this.#send(method, this.#ours(path), headers, sent)
          : await this.#change(method, this.#ours(path), sent, headers);
    } catch (error) {
      return { kind: 'failed', difference: `no answer: ${String(error)}` };
    }
    // A crash of the reference is no answer to compare with.
    if (recorded.response.status === null) return { kind: 'passed' };
    this.#learn(recorded, answer);
    const expected = this.#ours(bytesOf(recorded).toString());
    const found = differences(recorded, expected, answer);
    if (found.length === 0) return { kind: 'passed' };
    const names: string[] = [];
    for (const difference of found) {
      const rule =
        ruleFor(difference, { recorded, expected, answer, captureIds: this.#captureIds() })?.name ??
        (difference.part === 'type' ? undefined : await this.#ruleOfQuery(recorded, expected, answer));
      if (rule === undefined) return { kind: 'failed', difference: difference.text };
      names.push(rule);
    }
    return { kind: 'divergent', rule: names.join('; ') };
  }

  /**
   * The rule of the language by which a query is answered otherwise. It holds only for what the engine answers on the graph and the
   * flows that the server has: an answer that the server got wrong has no rule.
   */
  async #ruleOfQuery(recorded: RestCase, expected: string, answer: Answer): Promise<string | undefined> {
    const query = queryOf(recorded);
    if (query === undefined) return undefined;
    const { status } = recorded.response;
    const accept = Object.entries(recorded.request.headers).find(([name]) => /^accept$/i.test(name))?.[1];
    const shown = new Map<string, string>();
    for (const question of ['G', 'G.Flows()', 'G.Flows().RawPackets()']) {
      const body = JSON.stringify({ GremlinQuery: question });
      shown.set(question, (await this.#send('POST', '/api/topology', {}, body)).text);
    }
    const world = worldIn((question) => shown.get(question));
    const asked = { query: this.#ours(query), accept, status, body: expected, bytes: bytesOf(recorded) };
    const local = await answerIn(world, asked);
    const text = answer.text.replace('Error while encoding response: ', '');
    const isOurs =
      local.bytes.length > 0
        ? answer.bytes.equals(local.bytes)
        : answerDifference(local.body, text) === undefined;
    if (local.status !== answer.status || !isOurs) return undefined;
    const verdict = await judgeQuery(world, asked);
    if (verdict.kind === 'divergent') return verdict.rule;
    if (verdict.kind === 'same') return ruleOfOrder(asked.query, expected, answer.text);
    return /\bRevision\b/.test(query) && status === 200
      ? 'agents count the changes of their elements'
      : undefined;
  }

  /**
   * Whoever made the recordings removed resources between the steps. One that the next list of its kind no longer has is removed
   * before, so that it does not stand in the way; where no list follows, one that nothing mentions any more.
   */
  async #tidy(later: readonly RestCase[]): Promise<void> {
    for (const [theirs, ours] of this.#ids) {
      const kind = `/api/${this.#kinds.get(theirs)}`;
      const next = later.findIndex((each) => each.request.method === 'GET' && each.request.path === kind);
      const until = next < 0 ? later : later.slice(0, next + 1);
      const isWanted = until.some((each) =>
        next < 0 || each.request.path.startsWith(kind) ? JSON.stringify(each).includes(theirs) : false,
      );
      if (isWanted) continue;
      await this.#change('DELETE', `${kind}/${ours}`);
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

  #captureIds(): ReadonlySet<string> {
    const captures = [...this.#ids].filter(([theirs]) => this.#kinds.get(theirs) === 'capture');
    return new Set(captures.map(([, ours]) => ours));
  }

  /** A recorded text with our ids and our host. */
  #ours(text: string): string {
    return text
      .replaceAll(UUID, (id) => this.#ids.get(id) ?? id)
      .replaceAll(OWN_ORIGIN, `$1.${this.#host}"`)
      .replace(`{"Host":"${RECORDED_HOST}"`, `{"Host":"${this.#host}"`);
  }

  async #send(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ): Promise<Answer> {
    return sendRecorded(this.#base, method, path, headers, body);
  }

  /** An empty server, and then what the scenario presupposes. */
  async #prepare(cases: readonly RestCase[], lab: LabGraph): Promise<void> {
    this.#ids.clear();
    this.#kinds.clear();
    this.#shownFlows = '';
    const api = await this.#send('GET', '/api');
    this.#host = String((jsonOf(api.text) as { Host?: unknown } | undefined)?.Host);
    for (const resource of RESOURCES) {
      const { status, text } = await this.#send('GET', `/api/${resource}`);
      const list = status === 200 ? jsonOf(text) : undefined;
      for (const id of Object.keys(list ?? {}))
        await this.#send('DELETE', `/api/${resource}/${encodeURIComponent(id)}`);
    }
    const { nodes, edges } = presupposed(cases, lab);
    const isAgents = (element: Element): boolean => agentOf(element) !== undefined;
    for (const node of nodes) if (!isAgents(node)) await this.#create('node', node);
    // The host of the recordings has an agent also where no graph is shown: somebody must tell the flows.
    const hosts = new Set(
      [...nodes, ...edges].flatMap((element) => agentOf(element) ?? []).concat(RECORDED_HOST),
    );
    for (const host of hosts) {
      const probe = await RecordedProbe.connect(this.#base, host);
      this.#probes.push(probe);
      const own = <Kind extends Element>(list: readonly Kind[]): Kind[] =>
        list.filter((element) => agentOf(element) === host);
      await probe.sync(withoutCaptures(own(nodes)), own(edges) as EdgeJson[]);
    }
    for (const edge of edges) if (!isAgents(edge)) await this.#create('edge', edge);
    for (const [kind, id, resource] of presupposedResources(cases)) {
      const answer = await this.#change('POST', `/api/${kind}`, JSON.stringify(resource));
      const ours = (jsonOf(answer.text) as { UUID?: string } | undefined)?.UUID;
      // One that is refused here is missing from the lists, which a rule must explain.
      if (answer.status !== 201 || ours === undefined) continue;
      this.#ids.set(id, ours);
      this.#kinds.set(id, kind);
    }
  }

  /** The flow table is loaded anew whenever the recording shows it whole. */
  async #loadFlows(recorded: RestCase, cases: readonly RestCase[]): Promise<void> {
    const flows = flowTableIn(recorded, cases);
    const text = recorded.response.body ?? '';
    if (flows === undefined || text === this.#shownFlows) return;
    this.#shownFlows = text;
    for (const flow of flows) flow.CaptureID = this.#ids.get(flow.CaptureID) ?? flow.CaptureID;
    const [first, ...others] = this.#probes;
    await first?.setFlows(flows.filter((flow) => !others.some((probe) => probe.has(flow.NodeTID))));
    for (const probe of others) await probe.setFlows(flows.filter((flow) => probe.has(flow.NodeTID)));
  }

  async #change(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await this.#send(method, path, headers, body);
    // Orders for captures stand on the probe's socket when the change is answered.
    if (path.startsWith('/api/capture')) {
      await delay(ORDERS_MS);
      for (const probe of this.#probes) await probe.settled();
    }
    return answer;
  }

  /** One that is refused is missing from what is asked, which a rule must explain. */
  async #create(kind: 'node' | 'edge', element: Element): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    await this.#send('POST', `/api/${kind}`, headers, this.#ours(JSON.stringify(element)));
  }
}

/** The host whose agent tells an element; undefined for what rules and users made. */
function agentOf({ Origin }: Element): string | undefined {
  return Origin?.startsWith('agent.') === true ? Origin.slice('agent.'.length) : undefined;
}

/** Captures are told by the analyzer and carried anew. */
function withoutCaptures(nodes: readonly Element[]): NodeJson[] {
  const without = (node: NodeJson): NodeJson => {
    const { Captures: _captures, ...metadata } = node.Metadata;
    return { ...node, Metadata: metadata };
  };
  return (nodes as readonly NodeJson[]).map(without);
}
