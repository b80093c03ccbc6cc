/**
 * The flows of the hosts that belong to this shard: takes their batches exactly once, keeps them live in memory and
 * all of them in its log, answers searches, and feeds the hubs. docs/design/objects.md describes the life of a batch.
 */
import { DurableObject } from 'cloudflare:workers';
import type { FileCounts } from '../../core/capture/file-flows.ts';
import { LiveTable } from '../../core/flow/live-table.ts';
import type { FlowReduction } from '../../core/flow/reduction.ts';
import type { PastDetail } from '../../core/flow/past-details.ts';
import type { FlowSearch } from '../../core/flow/search.ts';
import type { TimeSlice } from '../../core/graph/history.ts';
import { isFilesHost } from '../../core/ids.ts';
import { limits, timings } from '../../core/limits.ts';
import { readProbeFrame } from '../../core/wire/probe-frames.ts';
import { closeCodes, WireError } from '../../core/wire/wire-error.ts';
import type { Stats } from '../../proto/gen/flow.ts';
import { encodeSnapshotPart } from '../../proto/gen/shard.ts';
import { ShardStore, type LogRowToWrite } from '../store/shard-store.ts';
import { agentFlowCounters, AgentFlowSockets, type AgentFlowCounter } from './agent-flow-sockets.ts';
import { bytesOrStream, textOrStream } from './answer-stream.ts';
import { REVOKED } from './client-sockets.ts';
import { Counters } from './counters.ts';
import { countFile, fileCounters, type FileCounter } from './file-counters.ts';
import { ChangeReports } from './change-reports.ts';
import { exportCounters, FlowExport, type ExportCounter, type ExportStatus } from './flow-export.ts';
import { FlowFlush } from './flow-flush.ts';
import type { PastSearchAnswer } from './flow-history.ts';
import { FlowIngest, ingestCounters, type IngestCounter } from './flow-ingest.ts';
import { feedCounters, HubFeed, type FeedCounter } from './hub-feed.ts';
import { pastCounters, PastKeeper, type FlowHistoryStatus, type PastCounter } from './past-keeper.ts';
import { probeCounters, ProbeSockets, type ProbeCounter } from './probe-sockets.ts';
import { ShardMoves } from './shard-moves.ts';
import { ShardPace, type ShardPaceStatus } from './shard-pace.ts';
import { log } from '../log.ts';

type OwnCounter =
  | 'searches'
  | 'searchFlowsVisited'
  | 'searchFlowsShipped'
  | 'flowsForgotten'
  | 'hostsMovedHere'
  | 'hostsMovedAway'
  | 'rowsWritten';
type Counter =
  | AgentFlowCounter
  | ProbeCounter
  | IngestCounter
  | FeedCounter
  | PastCounter
  | FileCounter
  | ExportCounter
  | OwnCounter;
const ownCounters: readonly OwnCounter[] = [
  'searches',
  'searchFlowsVisited',
  'searchFlowsShipped',
  'flowsForgotten',
  'hostsMovedHere',
  'hostsMovedAway',
  'rowsWritten',
];

export interface SearchAnswer {
  /** FlowSet bytes; a stream of them when there are many. Filtered, sorted, de-duplicated and cut as the search says. */
  readonly flows: Uint8Array | ReadableStream<Uint8Array>;
  /** Hosts whose flows may be older than the question. */
  readonly silentHosts: readonly string[];
  readonly visited: number;
  readonly shipped: number;
}

export interface ReduceAnswer {
  /** `Reduced` as JSON; a stream of it when there is much. */
  readonly reduced: string | ReadableStream<Uint8Array>;
  readonly silentHosts: readonly string[];
  readonly visited: number;
}

export interface FlowShardStatus {
  readonly probes: readonly {
    readonly hostId: string;
    readonly connectedMs: number;
    readonly flows: number;
  }[];
  readonly liveFlows: number;
  readonly liveBytes: number;
  readonly storedBytes: number;
  readonly history: FlowHistoryStatus;
  /** What is asked of the probes because they send more than can be taken. */
  readonly slowDown: ShardPaceStatus;
  /** Who else is told the flows. */
  readonly exports: readonly ExportStatus[];
  readonly hubs: readonly { readonly idle: boolean; readonly backlogBytes: number }[];
  /** Capture UUID → host → the last statistics. */
  readonly stats: Readonly<Record<string, Readonly<Record<string, Stats>>>>;
  readonly counters: Readonly<Record<Counter, number>>;
}

/** How often the history's size is looked at while flows come in. */
const FORGET_EVERY_COMMITS = 256;

export class FlowShard extends DurableObject<Env> {
  readonly #store: ShardStore;
  #counters!: Counters<Counter>;
  #sockets!: ProbeSockets;
  #ingest!: FlowIngest;
  #agents!: AgentFlowSockets;
  #flush!: FlowFlush;
  #feed!: HubFeed;
  #past!: PastKeeper;
  #pace!: ShardPace;
  #export!: FlowExport;
  #moves!: ShardMoves;
  #snapshotting: Promise<void> | undefined;
  readonly #live = new LiveTable(limits.shardLiveBytesMax);
  /** Hosts without a probe whose flows may still be live → since when, ms since 1970. Kept in the tables. */
  #gone!: Map<string, number>;
  #alarmMs = Infinity;
  #reports!: ChangeReports;
  /** Resolves when the hubs have taken what was written last. */
  #published: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A newer schema makes every request fail with its text.
    this.#store = new ShardStore(ctx.storage);
    // Nothing is answered before the live table is there.
    void ctx.blockConcurrencyWhile(() => this.#wake());
  }

  async #wake(): Promise<void> {
    this.#counters = new Counters<Counter>(
      [
        ...probeCounters,
        ...agentFlowCounters,
        ...ingestCounters,
        ...feedCounters,
        ...pastCounters,
        ...fileCounters,
        ...exportCounters,
        ...ownCounters,
      ],
      this.#store.counters(),
    );
    const count = (name: Counter, by?: number): void => this.#counters.add(name, by);
    this.#sockets = new ProbeSockets(this.ctx, this.env, count);
    this.#agents = new AgentFlowSockets(this.ctx, this.env, {
      take: (host, flows, stats) => this.#ingest.takeFromAgent(host, flows, stats),
      joined: (host) => {
        this.#clearGone(host);
        this.ctx.waitUntil(this.#moves.bring(host));
      },
      left: (host) => {
        this.#setGone(host, Date.now());
        this.#schedule();
      },
      count,
    });
    this.#pace = new ShardPace(this.#sockets, this.#store.slowDownStage, (stage) => {
      this.#store.slowDownStage = stage;
    });
    this.#flush = new FlowFlush(this.#sockets);
    this.#feed = new HubFeed(this.env, count);
    this.#past = new PastKeeper({
      env: this.env,
      name: this.ctx.id.name ?? '',
      store: this.#store,
      pieces: () => this.#ingest.pieces(),
      count,
    });
    this.#reports = new ChangeReports(this.env, this.#store, (work) => this.ctx.waitUntil(work));
    this.#export = new FlowExport({
      env: this.env,
      store: this.#store,
      count,
      waitUntil: (work) => this.ctx.waitUntil(work),
    });
    this.#ingest = new FlowIngest(this.#live, {
      write: (rows) => this.#write(rows),
      publish: (rows) => {
        this.#published = Promise.all(rows.map((row) => this.#feed.publish(row.bytes)));
        this.ctx.waitUntil(this.#published);
      },
      acknowledge: (socket, sequence) => this.#sockets.send(socket, { ack: { sequence } }),
      committed: (lateMs) => this.#committed(lateMs),
      dropped: (flows) => this.#pace.dropped(flows),
      count,
    });
    this.#moves = new ShardMoves(this.env, async (pieces) => {
      this.#ingest.adopt(pieces, Date.now());
      await this.#snapshotSoon();
      this.#counters.add('hostsMovedHere');
    });
    const now = Date.now();
    for (const host of this.#store.snapshot()) this.#ingest.restore(host, now);
    for (const entry of this.#store.tail()) this.#ingest.replay(entry);
    this.#gone = this.#store.goneHosts();
    // Sockets that did not survive (the whole process ended, not only the object) vanished just now.
    for (const host of this.#ingest.hosts())
      if (
        this.#live.sizeOf(host) > 0 &&
        this.#sockets.socketOf(host) === undefined &&
        !this.#agents.hosts().includes(host) &&
        !this.#gone.has(host) &&
        !isFilesHost(host)
      )
        this.#setGone(host, now);
    this.#alarmMs = (await this.ctx.storage.getAlarm()) ?? Infinity;
    this.#schedule(this.#past.isOverdue(now) ? timings.archiveTurnMs : timings.historyCheckMs);
    this.#export.wake();
  }

  /** Upgrades of /ws/probe/flow, authenticated by the route. */
  override fetch(request: Request): Response {
    return new URL(request.url).pathname === '/ws/agent/flow'
      ? this.#agents.accept(request)
      : this.#sockets.accept(request);
  }

  override async webSocketMessage(socket: WebSocket, data: ArrayBuffer | string): Promise<void> {
    if (this.#agents.owns(socket)) return this.#agents.message(socket, data);
    if (this.#sockets.state(socket) === undefined) return;
    try {
      await this.#frame(socket, data);
    } catch (error) {
      this.#left(socket, () => this.#sockets.fail(socket, error));
    }
  }

  /** A probe sends nothing before its Welcome, which waits for what another shard may know of the host. */
  async #welcome(socket: WebSocket, hostId: string, incarnation: string): Promise<void> {
    await this.#moves.bring(hostId);
    if (this.#sockets.state(socket) === undefined) return;
    this.#sockets.welcome(socket, this.#ingest.begin(hostId, incarnation));
    this.#pace.welcomed(socket);
  }

  #frame(socket: WebSocket, data: ArrayBuffer | string): Promise<void> | undefined {
    const message = readProbeFrame(data);
    if (message.kind === 'hello') {
      const { hostId, incarnation } = this.#sockets.hello(socket, message.hello);
      this.#clearGone(hostId);
      return this.#welcome(socket, hostId, incarnation);
    }
    const state = this.#sockets.state(socket);
    if (state === undefined || state.incarnation === '')
      throw new WireError(closeCodes.policy, 'the first frame is Hello');
    switch (message.kind) {
      case 'flows': {
        const from = { host: state.hostId, incarnation: state.incarnation };
        const frame = new Uint8Array(data as ArrayBuffer);
        this.#ingest.take(socket, from, frame, message.batch, state.sequence === 0);
        if (message.batch.sequence > state.sequence)
          this.#sockets.update(socket, { sequence: message.batch.sequence });
        break;
      }
      case 'flushDone':
        // A search waits for what came before this.
        this.#ingest.commit();
        this.#flush.done(socket, message.id);
        break;
      case 'goodbye':
        this.#sockets.close(socket, 1000, 'goodbye');
        this.#flush.forget(socket);
        this.#ingest.commit();
        this.#ingest.drop(state.hostId);
        break;
      case 'status':
        break; // Told on the topology socket; harmless here.
      case 'unknown':
        this.#counters.add('unknownFrames');
        break;
      case 'injection':
        throw new WireError(closeCodes.protocol, 'reports of injections go to the topology socket');
      case 'sync':
      case 'changes':
        throw new WireError(closeCodes.protocol, 'the graph goes to the topology socket');
    }
    return undefined;
  }

  /** What this shard knows of a host that belongs to another one now: a SnapshotPart. Nothing of it changes here until `letGo`. */
  handOver(host: string): Uint8Array | ReadableStream<Uint8Array> {
    const socket = this.#sockets.socketOf(host);
    if (socket !== undefined)
      this.#left(socket, () =>
        this.#sockets.close(socket, closeCodes.goingAway, 'this host moved to another shard'),
      );
    return bytesOrStream(encodeSnapshotPart({ hosts: [...this.#ingest.piecesOf(host)] }).finish());
  }

  /** The other shard has it. */
  async letGo(host: string): Promise<void> {
    this.#ingest.letGo(host);
    this.#clearGone(host);
    this.#counters.add('hostsMovedAway');
    await this.#snapshotSoon();
  }

  /** Resolves when memory as it is now is in the tables. Many hosts move at the same time: they share one snapshot. */
  #snapshotSoon(): Promise<void> {
    return (this.#snapshotting ??= this.#snapshotTogether());
  }

  async #snapshotTogether(): Promise<void> {
    await scheduler.wait(timings.groupCommitMs);
    this.#snapshotting = undefined;
    this.#ingest.commit();
    this.#store.writeSnapshot(this.#ingest.pieces());
    this.#schedule();
  }

  override webSocketClose(socket: WebSocket): void {
    this.#agents.closed(socket);
    this.#left(socket, () => this.#sockets.ended(socket));
  }

  override webSocketError(socket: WebSocket): void {
    this.#agents.closed(socket);
    this.#left(socket, () => this.#sockets.forget(socket));
  }

  /** A credential was revoked: what was opened with it ends. */
  endPrincipal(principal: string): void {
    this.#agents.endPrincipal(principal);
    for (const socket of this.#sockets.of(principal))
      this.#left(socket, () => this.#sockets.fail(socket, new WireError(closeCodes.policy, REVOKED)));
  }

  /** `end` forgets the socket; a host that is then without one keeps its flows for the grace. */
  #left(socket: WebSocket, end: () => void): void {
    const state = this.#sockets.state(socket);
    end();
    this.#flush.forget(socket);
    if (state === undefined || this.#sockets.socketOf(state.hostId) !== undefined) return;
    if (state.incarnation !== '') this.#setGone(state.hostId, Date.now());
    this.#schedule();
  }

  #setGone(host: string, atMs: number): void {
    this.#gone.set(host, atMs);
    this.#store.setGone(host, atMs);
  }

  #clearGone(host: string): void {
    if (this.#gone.delete(host)) this.#store.clearGone(host);
  }

  #saveCounters(): void {
    this.#counters.add('rowsWritten', this.#store.takeRowsWritten());
    this.#counters.save((values) => this.#store.setCounters(values));
  }

  /** When it fails nothing of it was taken: the object is given up, wakes with what is stored, and probes resend. */
  #write(rows: readonly LogRowToWrite[]): void {
    try {
      this.#store.append(rows, Date.now(), () => this.#saveCounters());
    } catch (error) {
      log('error', 'flow shard', 'could not write, starting again from the tables', { error });
      this.ctx.abort('could not write flows');
      throw error;
    }
    this.#schedule();
  }

  /** Topology asks to be told when flows changed, or no longer. */
  reportChanges(isWanted: boolean): void {
    this.#reports.isWanted = isWanted;
  }

  /** Everything is applied: the only moment at which memory equals the log. */
  #committed(lateMs: number): void {
    this.#pace.wrote(lateMs, this.#live.bytes / limits.shardLiveBytesMax);
    this.#reports.changed();
    this.#export.wake();
    if (this.#store.wantsSnapshot) this.#store.writeSnapshot(this.#ingest.pieces());
    if (this.#counters.get('commits') % FORGET_EVERY_COMMITS !== 0) return;
    this.#past.forget(Date.now());
    if (this.#past.isFull) this.#schedule(timings.archiveTurnMs);
  }

  override async alarm(): Promise<void> {
    this.#alarmMs = Infinity;
    const now = Date.now();
    for (const [host, goneMs] of this.#gone) {
      if (goneMs + timings.probeGraceMs > now) continue;
      this.#counters.add('flowsStale', this.#ingest.drop(host));
      this.#clearGone(host);
    }
    this.#ingest.commit();
    this.#counters.add('flowsForgotten', this.#live.dropIdle(now - timings.flowForgottenMs));
    const hasMore = await this.#past.archive(now);
    this.#past.forget(now);
    this.#saveCounters();
    this.#schedule(hasMore ? timings.archiveTurnMs : timings.historyCheckMs);
  }

  /** One alarm for all: the end of a vanished probe's grace, or the next look at what is too old. */
  #schedule(checkMs: number = timings.historyCheckMs): void {
    const now = Date.now();
    let due = this.#live.size > 0 || this.#store.hasLog() ? now + checkMs : Infinity;
    for (const goneMs of this.#gone.values()) due = Math.min(due, goneMs + timings.probeGraceMs);
    if (due >= this.#alarmMs) return;
    this.#alarmMs = due;
    void this.ctx.storage.setAlarm(due);
  }

  /** Live flows of this shard's hosts. Waits at most `timings.flushWaitMs` for the probes concerned. */
  async search(search: FlowSearch): Promise<SearchAnswer> {
    const { hosts, silentHosts } = await this.#freshen(search);
    const { flowSet, visited, shipped } = this.#live.search(search, hosts);
    this.#counters.add('searches');
    this.#counters.add('searchFlowsVisited', visited);
    this.#counters.add('searchFlowsShipped', shipped);
    return { flows: bytesOrStream(flowSet), silentHosts, visited, shipped };
  }

  /** The same search for numbers or fields of its flows (`core/flow/reduction.ts`): none is shipped. */
  async reduce(search: FlowSearch, reduction: FlowReduction): Promise<ReduceAnswer> {
    const { hosts, silentHosts } = await this.#freshen(search);
    const { reduced, visited } = this.#live.reduce(search, reduction, hosts);
    this.#counters.add('searches');
    this.#counters.add('searchFlowsVisited', visited);
    return { reduced: textOrStream([JSON.stringify(reduced)]), silentHosts, visited };
  }

  /** Asks the probes concerned for what changed; the hosts whose flows may be older than the question. */
  async #freshen(search: FlowSearch): Promise<{ hosts?: ReadonlySet<string>; silentHosts: string[] }> {
    const hosts = search.hosts === undefined ? undefined : new Set(search.hosts);
    const silent = new Set(await this.#flush.flush(hosts));
    for (const host of this.#gone.keys())
      if (this.#live.sizeOf(host) > 0 && (hosts === undefined || hosts.has(host))) silent.add(host);
    return { ...(hosts === undefined ? {} : { hosts }), silentHosts: [...silent] };
  }

  /** Flows of the past, as `search` finds live ones, and what more is asked of them. */
  async searchPast(search: FlowSearch, slice: TimeSlice, detail?: PastDetail): Promise<PastSearchAnswer> {
    // What is asked up to now has to be as fresh as a live search.
    const isRecent = slice.toMs > Date.now() - timings.flowUpdateMs;
    const silentHosts = isRecent ? (await this.#freshen(search)).silentHosts : [];
    this.#ingest.commit();
    const answer = await this.#past.history.answer(search, slice, detail);
    return 'refused' in answer ? answer : { ...answer, silentHosts };
  }

  /**
   * Flows of a capture file, in the frame that a probe would send them in. Resolves when they are written, live and with
   * the hubs. Throws WireError when the bytes are no such frame.
   */
  async import(frame: Uint8Array): Promise<void> {
    const message = readProbeFrame(frame);
    if (message.kind !== 'flows')
      throw new WireError(closeCodes.protocol, `a batch of flows, not ${message.kind}`);
    this.#ingest.import(frame, message.batch);
    await this.#published;
  }

  /** A capture file was read to its end; its flows have come by `import`. */
  imported(counts: FileCounts): void {
    countFile(counts, (name, by) => this.#counters.add(name, by));
  }

  /** A hub got its first subscriber. */
  wakeHubs(): void {
    this.#feed.wake();
  }

  status(): FlowShardStatus {
    this.#counters.add('rowsWritten', this.#store.takeRowsWritten());
    return {
      probes: [...this.#sockets.live()].map(([, state]) => ({
        hostId: state.hostId,
        connectedMs: state.connectedMs,
        flows: this.#live.sizeOf(state.hostId),
      })),
      liveFlows: this.#live.size,
      liveBytes: this.#live.bytes,
      storedBytes: this.#store.bytes,
      history: this.#past.status(),
      slowDown: this.#pace.status(),
      hubs: this.#feed.status(),
      exports: this.#export.status(),
      stats: this.#ingest.stats(),
      counters: this.#counters.all(),
    };
  }
}
