/**
 * The probes of a Topology object: handshake, graph messages, and what happens to a host's graph when its
 * probe goes. Every graph message is written before it is acknowledged (docs/design/probe-protocol.md).
 */
import { limits, timings } from '../../core/limits.ts';
import { readProbeFrame, type FromProbe } from '../../core/wire/probe-frames.ts';
import { closeCodes, WireError } from '../../core/wire/wire-error.ts';
import type { InjectionReport } from '../../proto/gen/probe.ts';
import type { TopologyStore } from '../store/topology-store.ts';
import type { CaptureOrders } from './capture-orders.ts';
import { REVOKED } from './client-sockets.ts';
import type { HostGraphs } from './host-graphs.ts';
import type { ProbeSockets, ProbeState } from './probe-sockets.ts';

export interface ProbeStatusEntry {
  readonly hostId: string;
  readonly address: string;
  readonly version: string;
  /** Of the probe protocol, "1.0". */
  readonly protocol: string;
  readonly connectedMs: number;
  /** Nodes and edges. */
  readonly elements: number;
  /** JSON text that the probe told about itself; "" when it has not. */
  readonly status: string;
}

export interface VanishedProbe {
  readonly hostId: string;
  readonly goneMs: number;
}

export class TopologyProbes {
  readonly #sockets: ProbeSockets;
  readonly #hosts: HostGraphs;
  readonly #store: TopologyStore;
  readonly #orders: CaptureOrders;
  readonly #count: (name: 'unknownFrames' | 'probeStatusTooLong') => void;
  readonly #injected: (host: string, report: InjectionReport) => void;
  readonly #status = new Map<string, string>();
  /** Host → when it vanished. */
  readonly #vanished = new Map<string, number>();

  constructor(
    sockets: ProbeSockets,
    hosts: HostGraphs,
    store: TopologyStore,
    orders: CaptureOrders,
    count: (name: 'unknownFrames' | 'probeStatusTooLong') => void,
    injected: (host: string, report: InjectionReport) => void,
  ) {
    this.#sockets = sockets;
    this.#hosts = hosts;
    this.#store = store;
    this.#orders = orders;
    this.#count = count;
    this.#injected = injected;
    for (const probe of store.probes()) {
      if (probe.goneMs !== undefined) this.#vanished.set(probe.host, probe.goneMs);
      // A socket that did not survive (the whole process ended, not only the object): it vanished just now.
      else if (sockets.socketOf(probe.host) === undefined) this.#markVanished(probe.host, probe.incarnation);
    }
  }

  /** One frame. What the peer did wrong closes its socket and disturbs nobody else. */
  message(socket: WebSocket, data: ArrayBuffer | string): void {
    if (this.#sockets.state(socket) === undefined) return;
    let message: FromProbe;
    try {
      message = readProbeFrame(data);
      if (message.kind === 'hello') return this.#hello(socket, message.hello);
      this.#check(socket, message);
    } catch (error) {
      this.#fail(socket, error);
      return;
    }
    this.#take(socket, message);
  }

  #hello(socket: WebSocket, hello: Parameters<ProbeSockets['hello']>[1]): void {
    const { hostId, incarnation } = this.#sockets.hello(socket, hello);
    this.#vanished.delete(hostId);
    this.#store.setProbe({ host: hostId, incarnation, goneMs: undefined });
    // Each connection begins with a GraphSync, so that there is nothing to go on from.
    this.#sockets.welcome(socket, 0);
  }

  /** Throws WireError when the message may not come now. */
  #check(socket: WebSocket, message: FromProbe): void {
    const state = this.#sockets.state(socket);
    if (state === undefined || state.incarnation === '')
      throw new WireError(closeCodes.policy, 'the first frame is Hello');
    if (message.kind === 'sync' && message.sync.sequence < 1)
      throw new WireError(closeCodes.protocol, 'sequence numbers begin at 1');
    if (message.kind === 'changes') {
      if (state.sequence === 0)
        throw new WireError(closeCodes.protocol, 'the first graph message is GraphSync');
      if (message.changes.sequence > state.sequence + 1)
        throw new WireError(
          closeCodes.sequenceGap,
          `expected sequence ${state.sequence + 1}, got ${message.changes.sequence}`,
        );
    }
    if (message.kind === 'flows' || message.kind === 'flushDone')
      throw new WireError(closeCodes.protocol, 'flows go to the flow socket');
  }

  #take(socket: WebSocket, message: FromProbe): void {
    const state = this.#sockets.state(socket)!;
    switch (message.kind) {
      case 'sync':
        this.#hosts.sync(state.hostId, message.sync, Date.now());
        this.#applied(socket, message.sync.sequence);
        this.#orders.evaluateSoon();
        break;
      case 'changes':
        if (message.changes.sequence > state.sequence) {
          this.#hosts.change(state.hostId, message.changes.changes, Date.now());
          this.#applied(socket, message.changes.sequence);
        } else this.#sockets.send(socket, { ack: { sequence: state.sequence } });
        break;
      case 'goodbye':
        this.#goodbye(socket, state);
        break;
      case 'status':
        this.#keepStatus(state.hostId, message.json);
        break;
      case 'injection':
        this.#injected(state.hostId, message.report);
        break;
      case 'unknown':
        this.#count('unknownFrames');
        break;
      case 'hello':
      case 'flows':
      case 'flushDone':
        break; // Refused before.
    }
  }

  #applied(socket: WebSocket, sequence: number): void {
    this.#sockets.update(socket, { sequence });
    this.#sockets.send(socket, { ack: { sequence } });
  }

  #keepStatus(hostId: string, json: string): void {
    if (json.length > limits.probeStatusCharsMax) this.#count('probeStatusTooLong');
    else this.#status.set(hostId, json);
  }

  /** The probe ends on purpose: its part of the graph goes at once. */
  #goodbye(socket: WebSocket, state: ProbeState): void {
    this.#sockets.close(socket, 1000, 'goodbye');
    this.#forget(state.hostId);
  }

  #fail(socket: WebSocket, error: unknown): void {
    const state = this.#sockets.state(socket);
    this.#sockets.fail(socket, error);
    if (state !== undefined) this.#left(state);
  }

  /** Ends what was opened with a credential that is no longer good. */
  endPrincipal(principal: string): void {
    for (const socket of this.#sockets.of(principal))
      this.#fail(socket, new WireError(closeCodes.policy, REVOKED));
  }

  /** The socket's close event. One that we closed ourselves was already dealt with. */
  closed(socket: WebSocket): void {
    const state = this.#sockets.ended(socket);
    if (state !== undefined) this.#left(state);
  }

  #left(state: ProbeState): void {
    const isReplaced = this.#sockets.socketOf(state.hostId) !== undefined;
    if (state.incarnation !== '' && !isReplaced) this.#markVanished(state.hostId, state.incarnation);
  }

  #markVanished(hostId: string, incarnation: string): void {
    const goneMs = Date.now();
    this.#vanished.set(hostId, goneMs);
    this.#store.setProbe({ host: hostId, incarnation, goneMs });
  }

  #forget(hostId: string): void {
    this.#vanished.delete(hostId);
    this.#status.delete(hostId);
    this.#hosts.remove(hostId, Date.now());
    this.#store.deleteProbe(hostId);
  }

  /** Deletes the graphs of the hosts whose grace is over. */
  expire(nowMs: number): void {
    for (const [hostId, goneMs] of this.#vanished)
      if (goneMs + timings.probeGraceMs <= nowMs) this.#forget(hostId);
  }

  /** When `expire` is due next, ms since 1970; undefined when nothing waits. */
  nextExpiryMs(): number | undefined {
    return this.#vanished.size === 0
      ? undefined
      : Math.min(...this.#vanished.values()) + timings.probeGraceMs;
  }

  connected(): ProbeStatusEntry[] {
    return [...this.#sockets.live()].map(([, state]) => ({
      hostId: state.hostId,
      address: state.address,
      version: state.version,
      protocol: `${state.major}.${state.minor}`,
      connectedMs: state.connectedMs,
      elements: this.#hosts.elementsOf(state.hostId),
      status: this.#status.get(state.hostId) ?? '',
    }));
  }

  vanished(): VanishedProbe[] {
    return [...this.#vanished].map(([hostId, goneMs]) => ({ hostId, goneMs }));
  }
}
