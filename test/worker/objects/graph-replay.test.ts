/**
 * 1,000 random edits of the graph by publishers, a probe, people and a rule, heard by subscribers of every sort, across evictions and
 * reconnections: what each of them makes of the messages is exactly what the query answers.
 */
import { evictDurableObject, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { topologyOf } from '../../../worker/objects/stubs.ts';
import { call, post } from '../http.ts';
import {
  connect,
  Follower,
  sorted,
  testEdge,
  testNode,
  type GraphClient,
  type GraphJson,
} from './graph-client.ts';
import { connectProbe, type ProbeClient } from './socket-client.ts';

const EDITS = 1_000;
/** One that stays, and one a day. */
const SEEDS = [20_261_126, Math.floor(Date.now() / 86_400_000)];

/** mulberry32 */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A subscriber that connects again and asks for the graph when it was closed, as clients do. */
class Listener {
  readonly #headers: Record<string, string>;
  /** The query whose answer it should know. */
  readonly query: string;
  readonly follower = new Follower();
  #client!: GraphClient;
  reconnections = -1;

  constructor(query: string, policy: string) {
    this.query = query;
    this.#headers = { 'X-Update-Policy': policy, ...(query === 'G' ? {} : { 'X-Gremlin-Filter': query }) };
  }

  async connect(): Promise<void> {
    this.#client = await connect('subscriber', this.#headers);
    this.reconnections++;
    this.#client.say('SyncRequest', {}, 'start');
    this.follower.follow(await this.#client.next(({ Type }) => Type === 'SyncReply'));
  }

  leave(): void {
    this.#client.close();
  }

  /** Takes what came. */
  async hear(waitMs: number): Promise<void> {
    for (const message of await this.#client.rest(waitMs)) this.follower.follow(message);
    if (this.#client.isClosed) await this.connect();
  }
}

async function answerOf(query: string): Promise<GraphJson> {
  const { text } = await post('/api/topology', { GremlinQuery: query });
  return sorted((JSON.parse(text) as [GraphJson])[0]);
}

const COLORS = ['red', 'blue', 'green'];

class Editor {
  readonly #pick: (below: number) => number;
  readonly #publishers: readonly GraphClient[];
  readonly #probe: ProbeClient;
  #probeSequence = 0;

  constructor(pick: (below: number) => number, publishers: readonly GraphClient[], probe: ProbeClient) {
    this.#pick = pick;
    this.#publishers = publishers;
    this.#probe = probe;
  }

  async edit(): Promise<void> {
    const pick = this.#pick;
    const publisher = this.#publishers[pick(this.#publishers.length)]!;
    const id = `n${pick(30)}`;
    const edge = `e${pick(40)}`;
    if (pick(25) === 0) return this.#patchNode(`${pick(2) === 0 ? 'p' : 'n'}${pick(6)}`);
    switch (pick(10)) {
      case 0:
      case 1:
        return publisher.say('NodeAdded', testNode(id, this.#metadata()));
      case 2:
        return publisher.say('NodeUpdated', testNode(id, this.#metadata()));
      case 3:
        return publisher.say('NodePartiallyUpdated', { ID: id, Ops: this.#ops() });
      case 4:
        return publisher.say('NodeDeleted', { ID: id });
      case 5:
      case 6:
        return publisher.say('EdgeAdded', testEdge(edge, id, `n${pick(30)}`, this.#metadata()));
      case 7:
        return publisher.say('EdgeUpdated', {
          ID: edge,
          Metadata: { RelationType: 'layer2', ...this.#metadata() },
        });
      case 8:
        return publisher.say('EdgeDeleted', { ID: edge });
      case 9:
        return pick(8) === 0
          ? this.#syncProbe()
          : publisher.say('EdgePartiallyUpdated', { ID: edge, Ops: this.#ops() });
    }
  }

  /** What a person sets on somebody's node; refused where there is none. */
  async #patchNode(id: string): Promise<void> {
    const value = COLORS[this.#pick(3)]!;
    const body = JSON.stringify([{ op: 'add', path: '/Metadata/Color', value }]);
    await call('PATCH', `/api/node/${id}`, { body });
  }

  async #syncProbe(): Promise<void> {
    const nodes = Array.from({ length: 6 }, (_, n) => testNode(`p${n}`, this.#metadata())).filter(
      () => this.#pick(4) > 0,
    );
    await this.#probe.sync(++this.#probeSequence, nodes);
  }

  #metadata(): Metadata {
    const pick = this.#pick;
    const metadata: Record<string, Json> = { Color: COLORS[pick(3)]! };
    if (pick(2) === 0) metadata['K'] = { a: pick(3), b: { c: pick(3) } };
    if (pick(3) === 0) metadata['List'] = [pick(3), { x: pick(2) }];
    if (pick(3) === 0) metadata['Metric'] = { RxBytes: pick(1000) };
    if (pick(6) === 0) metadata['a.dotted'] = pick(3);
    return metadata;
  }

  #ops(): unknown[] {
    const pick = this.#pick;
    return Array.from(
      { length: 1 + pick(3) },
      () =>
        [
          { Type: 1, Key: 'Color', Value: COLORS[pick(3)] },
          { Type: 1, Key: 'K.b.c', Value: pick(5) },
          { Type: 2, Key: 'K.a', Value: null },
          { Type: 2, Key: 'List', Value: null },
          { Type: 1, Key: 'Deep.er', Value: { n: pick(4) } },
        ][pick(5)],
    );
  }
}

beforeEach(async () => {
  await reset();
});

test.each(SEEDS)(
  'edits heard are the graph that G returns (seed %i)',
  async (seed) => {
    const pick = randomFrom(seed);
    const red = "G.V().Has('Color','red').SubGraph()";
    const plainEdges = "G.V().Has('Color',NE('blue')).SubGraph('Color','red')";
    const general = "G.V().Has('Color','red').Both().Dedup().SubGraph()";
    const edges = "G.E().Has('Color','green').SubGraph()";
    const listeners = ['G', red, plainEdges, general, edges].flatMap((query) => [
      new Listener(query, 'full'),
      new Listener(query, 'partial'),
    ]);
    await Promise.all(listeners.map((listener) => listener.connect()));
    const publishers = [await connect('publisher'), await connect('pubsub')];
    const rule = {
      Name: 'r',
      Action: 'update',
      Query: "G.V().Has('Color','green')",
      Metadata: { Ruled: true },
    };
    expect((await post('/api/noderule', rule)).status).toBe(201);
    const editor = new Editor(pick, publishers, await connectProbe('topology', 'h1'));

    for (let edit = 1; edit <= EDITS; edit++) {
      await editor.edit();
      // Otherwise many edits are one write.
      if (pick(4) === 0) await publishers[pick(2)]!.written();
      if (edit % 100 !== 0) continue;
      // Half of the times while filters still have to run.
      const isQuiet = edit % 200 === 0;
      await Promise.all(listeners.map((listener) => listener.hear(isQuiet ? 150 : 1)));
      if (edit % 300 !== 0) await evictDurableObject(topologyOf(env));
      else {
        const leaving = listeners[pick(listeners.length)]!;
        leaving.leave();
        await leaving.connect();
      }
    }
    await answerOf('G');
    await Promise.all(listeners.map((listener) => listener.hear(500)));
    const graph = await answerOf('G');
    expect(graph.Nodes!.length).toBeGreaterThan(10);
    expect(graph.Edges!.length).toBeGreaterThan(3);
    for (const { query, follower } of listeners)
      expect(follower.graph(), query).toEqual(await answerOf(query));
    // Whoever has no filter that has to run again loses nothing by an eviction.
    const lasting = listeners.filter(({ query }) => query !== general && query !== edges);
    expect(Math.max(...lasting.map(({ reconnections }) => reconnections))).toBeLessThanOrEqual(3);
  },
  60_000,
);
