/**
 * Runs the injections that the analyzer orders: one task a node, its frames from core/injection/frames.ts, at its
 * interval, all tasks together at most `injectionPacketsPerSecond`. How far a task has come is shown on its node while it
 * runs (`PacketInjections`) and reported to the analyzer; how it ended is reported again after each reconnection.
 */
import { messageOf } from '../../core/errors.ts';
import type { Json } from '../../core/graph/element.ts';
import { framesOf, frameCountOf } from '../../core/injection/frames.ts';
import type { InjectionSpec } from '../../core/injection/injection.ts';
import { limits, timings } from '../../core/limits.ts';
import {
  createInjectionReport,
  InjectionState,
  type InjectionOrder,
  type InjectionReport,
} from '../../proto/gen/probe.ts';
import type { InterfaceHandle } from '../topology/topology.ts';
import type { Log } from '../log.ts';
import { Pacer } from './pacer.ts';
import { RawSender } from './raw-sender.ts';

/** What the injector needs of topology. */
export interface InjectionTopology {
  interfaceOf(nodeId: string): InterfaceHandle | undefined;
  /** A key of the node; null removes it. Nothing happens without the node. */
  setLearnt(nodeId: string, key: string, value: Json): void;
}

export interface InjectorOptions {
  readonly topology: InjectionTopology;
  /** False when it could not be sent now. */
  readonly report: (report: InjectionReport) => boolean;
  readonly log: Log;
}

interface Task {
  readonly spec: InjectionSpec;
  readonly nodeId: string;
  readonly sender: RawSender;
  readonly frames: Iterator<Uint8Array, void, undefined>;
  /** Made, but the kernel or the pacer had no room. */
  waiting: Uint8Array | undefined;
  packets: number;
  bytes: number;
  nextAtMs: number;
}

/** How often tasks get their turn while one has something to send; a shorter interval sends several in one turn. */
const TURN_MS = 5;
/** One turn sends so many at most, so that topology and sockets get theirs. */
const PACKETS_PER_TURN = 200;
const PAYLOAD_SHOWN_CHARS = 256;

export class Injector {
  readonly #options: InjectorOptions;
  readonly #pacer = new Pacer(limits.injectionPacketsPerSecond);
  /** By UUID and node. */
  readonly #tasks = new Map<string, Task>();
  /** How tasks ended, the newest last. */
  readonly #ended = new Map<string, InjectionReport>();
  #turn: NodeJS.Timeout | undefined;
  readonly #reports: NodeJS.Timeout;
  readonly #counters = { started: 0, done: 0, failed: 0, packets: 0, bytes: 0, waits: 0 };

  constructor(options: InjectorOptions) {
    this.#options = options;
    this.#reports = setInterval(() => this.#tellAll(), timings.injectionReportMs);
    this.#reports.unref();
  }

  status(): Readonly<Record<string, number>> {
    return { running: this.#tasks.size, ...this.#counters };
  }

  /** A task that is known, running or ended, is not begun again. */
  start({ injection, node_id: nodeId }: InjectionOrder): void {
    let uuid = '';
    try {
      const spec = specOf(injection);
      uuid = spec.UUID;
      const key = keyOf(uuid, nodeId);
      if (this.#tasks.has(key) || this.#ended.has(key)) return;
      if (this.#tasks.size >= limits.injectionsRunningMax)
        throw new Error(`${limits.injectionsRunningMax} injections run on this host already`);
      this.#counters.started++;
      const task = this.#open(spec, nodeId);
      this.#tasks.set(key, task);
      this.#tell(task);
      this.#planTurn();
    } catch (error) {
      this.#end(uuid, nodeId, 0, messageOf(error));
    }
  }

  /** Ends what runs of these injections. */
  stop(uuids: readonly string[]): void {
    const gone = new Set(uuids);
    for (const task of this.#tasks.values())
      if (gone.has(task.spec.UUID)) this.#finish(task, 'the injection was deleted');
    for (const [key, report] of this.#ended) if (gone.has(report.uuid)) this.#ended.delete(key);
  }

  /** A new connection may not know how tasks ended. */
  reconnected(): void {
    for (const report of this.#ended.values()) this.#options.report(report);
    this.#tellAll();
  }

  close(): void {
    clearInterval(this.#reports);
    clearTimeout(this.#turn);
    this.#turn = undefined;
    for (const task of this.#tasks.values()) this.#finish(task, 'the probe ended');
  }

  #open(spec: InjectionSpec, nodeId: string): Task {
    const found = this.#options.topology.interfaceOf(nodeId);
    if (found === undefined) throw new Error('no such interface');
    if (!found.up) throw new Error(`interface ${found.name} is down`);
    const linkHeader = ['ether', 'loopback'].includes(found.encapType);
    const sender = new RawSender(found.netnsPath, found.ifIndex, linkHeader);
    const frames = framesOf(spec, { linkHeader, random: Math.random });
    const nextAtMs = performance.now();
    return { spec, nodeId, sender, frames, waiting: undefined, packets: 0, bytes: 0, nextAtMs };
  }

  #planTurn(): void {
    if (this.#turn !== undefined || this.#tasks.size === 0) return;
    const next = Math.min(...[...this.#tasks.values()].map(({ nextAtMs }) => nextAtMs));
    this.#turn = setTimeout(
      () => {
        this.#turn = undefined;
        this.#sendDue();
        this.#planTurn();
      },
      Math.max(TURN_MS, next - performance.now()),
    );
  }

  /** One packet of each task in turn, until none is due or the turn is over. */
  #sendDue(): void {
    const now = performance.now();
    let due = [...this.#tasks.values()].filter((task) => task.nextAtMs <= now);
    for (let left = PACKETS_PER_TURN; due.length > 0 && left > 0; left -= due.length)
      due = due.filter((task) => this.#sendOne(task) && task.nextAtMs <= now);
  }

  /** False: not now, or it has ended. */
  #sendOne(task: Task): boolean {
    try {
      if (task.waiting === undefined) {
        const next = task.frames.next();
        if (next.done === true) return this.#finish(task, '');
        task.waiting = next.value;
      }
      if (task.bytes + task.waiting.length > limits.injectionBytesMax)
        return this.#finish(task, `ended after ${task.bytes} bytes (injectionBytesMax)`);
      if (!this.#pacer.take() || !task.sender.send(task.waiting)) {
        this.#counters.waits++;
        return false;
      }
      this.#counters.packets++;
      this.#counters.bytes += task.waiting.length;
      task.packets++;
      task.bytes += task.waiting.length;
      task.waiting = undefined;
      task.nextAtMs += task.spec.Interval;
      // The last one is no reason to wait for an interval that nothing follows.
      return task.packets === frameCountOf(task.spec) ? this.#finish(task, '') : true;
    } catch (error) {
      return this.#finish(task, messageOf(error));
    }
  }

  #finish(task: Task, error: string): false {
    this.#tasks.delete(keyOf(task.spec.UUID, task.nodeId));
    task.sender.close();
    this.#end(task.spec.UUID, task.nodeId, task.packets, error);
    this.#show(task.nodeId);
    return false;
  }

  #end(uuid: string, nodeId: string, packets: number, error: string): void {
    const failed = error !== '';
    this.#counters[failed ? 'failed' : 'done']++;
    if (failed) this.#options.log.warn(`injection ${uuid} on node ${nodeId}: ${error}`);
    const state = failed ? InjectionState.INJECTION_FAILED : InjectionState.INJECTION_DONE;
    const report = createInjectionReport({ uuid, node_id: nodeId, state, packets, error });
    this.#ended.set(keyOf(uuid, nodeId), report);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > limits.injectionReportsMax) this.#ended.delete(oldest!);
    this.#options.report(report);
  }

  #tellAll(): void {
    for (const task of this.#tasks.values()) this.#tell(task);
  }

  #tell({ spec, nodeId, packets }: Task): void {
    const state = InjectionState.INJECTION_ACTIVE;
    this.#options.report(createInjectionReport({ uuid: spec.UUID, node_id: nodeId, state, packets }));
    this.#show(nodeId);
  }

  /** What runs on the node now; the key goes with the last of them. */
  #show(nodeId: string): void {
    const running = [...this.#tasks.values()].filter((task) => task.nodeId === nodeId);
    const shown = running.map((task) => shownOf(task));
    this.#options.topology.setLearnt(nodeId, 'PacketInjections', shown.length === 0 ? null : shown);
  }
}

/** A capture file or a long payload would be sent to everybody who watches the graph. */
function shownOf({ spec, packets }: Task): Json {
  const { Pcap: _pcap, Payload, ...request } = spec;
  const payload = Payload.slice(0, PAYLOAD_SHOWN_CHARS);
  return { ID: spec.UUID, State: 'active', PacketCount: packets, ...request, Payload: payload };
}

function keyOf(uuid: string, nodeId: string): string {
  return `${uuid} ${nodeId}`;
}

/** Throws when the text is no injection; its members were checked where it was made. */
function specOf(text: string): InjectionSpec {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('UUID' in value) || typeof value.UUID !== 'string')
    throw new Error('an injection of the analyzer cannot be read');
  return value as InjectionSpec;
}
