/**
 * Makes what runs equal to what the analyzer wants: every capture of the last CaptureSet on every node it names, as
 * far as the interface is there and up. Each message and each change of topology leads to the same comparison, so a
 * lost message or a failed start is mended by the next (docs/decisions/0005-declarative-captures.md).
 */
import type { Capture, CaptureState } from '../../core/capture/capture.ts';
import type { GraphEvent, GraphNode, Json } from '../../core/graph/element.ts';
import { limits } from '../../core/limits.ts';
import type { Pace } from '../link/flow-link.ts';
import type { CaptureOrder } from '../link/topology-link.ts';
import type { Log } from '../log.ts';
import { planOf } from './capture-plan.ts';
import type { CapturedInterface } from './captured-interface.ts';
import type { CaptureSource } from './capture-source.ts';
import { CaptureTask, type Plan } from './capture-task.ts';
import { LearntMetadata } from './learnt-metadata.ts';
import { StatePublisher } from './state-publisher.ts';

/** What the manager needs of topology. */
export interface CaptureTopology {
  readonly graph: { node(id: string): GraphNode | undefined };
  interfaceOf(nodeId: string): CapturedInterface | undefined;
  /** An empty list removes the key. */
  setCaptureStates(nodeId: string, states: CaptureState[]): void;
  /** A key of the node that captures learnt; null removes it. Nothing happens without the node. */
  setLearnt(nodeId: string, key: string, value: Json): void;
}

export interface CaptureManagerOptions {
  readonly topology: CaptureTopology;
  /** By capture type. */
  readonly sources: ReadonlyMap<string, CaptureSource>;
  /** The probe's own traffic as a filter; asked when a capture is planned. */
  readonly exclusion: () => string;
  readonly log: Log;
}

interface Entry {
  readonly order: CaptureOrder;
  readonly nodeId: string;
  readonly task: CaptureTask;
  /** Fixed at the first plan: another address of the analyzer is no reason to end flows. */
  exclusion: string | undefined;
}

/** Events of one moment are answered together, well within the 100 ms in which a capture is to start. */
const GATHER_MS = 10;
const COUNTERS_MS = 1_000;

export class CaptureManager {
  readonly #options: CaptureManagerOptions;
  readonly #publisher: StatePublisher;
  readonly #learnt: LearntMetadata;
  /** By capture and node; iteration order is the analyzer's. */
  #entries = new Map<string, Entry>();
  #nodeIds = new Set<string>();
  #gather: NodeJS.Timeout | undefined;
  readonly #counters: NodeJS.Timeout;
  /** Nodes whose states are to be told. */
  #changed = new Set<string>();
  #publishing: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(options: CaptureManagerOptions) {
    this.#options = options;
    this.#publisher = new StatePublisher((nodeId, states) => {
      if (options.topology.graph.node(nodeId) !== undefined)
        options.topology.setCaptureStates(nodeId, states);
    });
    this.#learnt = new LearntMetadata((...learnt) => options.topology.setLearnt(...learnt));
    this.#counters = setInterval(() => {
      this.#publish(this.#nodeIds, false);
      const entries = [...this.#entries.values()];
      this.#learnt.look(entries.map(({ nodeId, task }) => [nodeId, task.stats().metadata ?? {}]));
    }, COUNTERS_MS);
  }

  /** The whole set that is to run from now on. */
  apply(orders: readonly CaptureOrder[]): void {
    if (this.#stopped) return;
    const before = this.#entries;
    const nodesBefore = this.#nodeIds;
    this.#entries = new Map();
    for (const order of orders) for (const nodeId of order.nodeIds) this.#keepOrAdd(order, nodeId, before);
    this.#nodeIds = new Set([...this.#entries.values()].map((entry) => entry.nodeId));
    for (const [key, entry] of before)
      if (this.#entries.get(key)?.task !== entry.task) void entry.task.pursue({ kind: 'none' });
    this.#reconcile();
    for (const nodeId of nodesBefore) if (!this.#nodeIds.has(nodeId)) this.#publishSoon(nodeId);
  }

  /** Tells that the graph changed. */
  topologyChanged(events: readonly GraphEvent[]): void {
    if (this.#stopped || this.#gather !== undefined) return;
    const concerned = events.some((event) => 'node' in event && this.#nodeIds.has(event.node.id));
    if (!concerned) return;
    this.#gather = setTimeout(() => {
      this.#gather = undefined;
      this.#reconcile();
    }, GATHER_MS);
  }

  /** Every flow that changed is handed over when this resolves. */
  async flush(): Promise<void> {
    await Promise.all([...this.#sources()].map((source) => source.flush()));
  }

  setPace(pace: Pace): void {
    for (const source of this.#sources()) source.setPace(pace);
  }

  /** Ends every capture; their flows are handed over when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#gather);
    clearInterval(this.#counters);
    clearImmediate(this.#publishing);
    await Promise.all([...this.#sources()].map((source) => source.stop()));
  }

  status(): Readonly<Record<string, unknown>> {
    const entries = [...this.#entries.values()];
    const states = entries.map((entry) => entry.task.state()?.State);
    let packetsReceived = 0;
    let packetsDropped = 0;
    let flows = 0;
    for (const { task } of entries) {
      const stats = task.stats();
      packetsReceived += stats.packetsReceived;
      packetsDropped += stats.packetsDropped;
      flows += stats.flows;
    }
    return {
      wanted: entries.length,
      active: states.filter((state) => state === 'active').length,
      failed: states.filter((state) => state === 'error').length,
      reopened: entries.reduce((sum, entry) => sum + entry.task.reopened, 0),
      packetsReceived,
      packetsDropped,
      flows,
      sources: this.#sourceStatus(),
    };
  }

  /** By the types that a source serves. */
  #sourceStatus(): Record<string, unknown> {
    const { sources } = this.#options;
    const shown: Record<string, unknown> = {};
    for (const source of this.#sources()) {
      const types = [...sources].filter(([, other]) => other === source).map(([type]) => type);
      shown[types.join(' ') || 'any'] = source.status();
    }
    return shown;
  }

  #sources(): Set<CaptureSource> {
    return new Set(this.#options.sources.values());
  }

  #keepOrAdd(order: CaptureOrder, nodeId: string, before: ReadonlyMap<string, Entry>): void {
    const key = `${order.capture.UUID} ${nodeId}`;
    const known = before.get(key);
    // A capture cannot be updated: the same id is the same capture, whatever its Count.
    const task = known?.task ?? this.#newTask(order.capture, nodeId);
    this.#entries.set(key, { order, nodeId, task, exclusion: known?.exclusion });
  }

  #newTask(capture: Capture, nodeId: string): CaptureTask {
    let told = '';
    const task = new CaptureTask(capture, () => {
      const error = task.state()?.Error ?? '';
      if (error !== '' && error !== told)
        this.#options.log.warn(`capture ${capture.UUID} on node ${nodeId}: ${error}`);
      told = error;
      this.#publishSoon(nodeId);
    });
    return task;
  }

  #reconcile(): void {
    let handles = 0;
    for (const entry of this.#entries.values()) {
      const plan = this.#planOf(entry);
      const tooMany = plan.kind === 'run' && ++handles > limits.captureHandlesMax;
      const error = `more than ${limits.captureHandlesMax} captures on this host`;
      void entry.task.pursue(tooMany ? { kind: 'error', type: plan.type, error } : plan);
      if (plan.kind === 'none') this.#publisher.forget(entry.nodeId);
    }
  }

  #planOf(entry: Entry): Plan {
    const { topology, sources, exclusion } = this.#options;
    entry.exclusion ??= exclusion();
    const node = topology.graph.node(entry.nodeId);
    return planOf(entry.order.capture, node, topology.interfaceOf(entry.nodeId), sources, entry.exclusion);
  }

  /** States that change in one moment are told together. */
  #publishSoon(nodeId: string): void {
    this.#changed.add(nodeId);
    this.#publishing ??= setImmediate(() => {
      const changed = this.#changed;
      this.#changed = new Set();
      this.#publishing = undefined;
      this.#publish(changed, true);
    });
  }

  #publish(nodeIds: ReadonlySet<string>, now: boolean): void {
    const states = new Map<string, CaptureState[]>();
    for (const nodeId of nodeIds) states.set(nodeId, []);
    for (const { nodeId, task } of this.#entries.values()) {
      const state = nodeIds.has(nodeId) ? task.state() : undefined;
      if (state !== undefined) states.get(nodeId)!.push(state);
    }
    for (const [nodeId, list] of states) this.#publisher.publish(nodeId, list, now);
  }
}
