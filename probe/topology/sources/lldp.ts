/**
 * Switches that announce themselves by LLDP to the host's interfaces (topology notes, section 14). One socket hears
 * all interfaces of the probe's own namespace, or those that were named; ports of a switch in the kernel get one
 * each. Nothing is sent.
 */
import type { GraphEvent, GraphNode, Json } from '../../../core/graph/element.ts';
import { messageOf } from '../../../core/errors.ts';
import { LldpSocket } from '../../linux/lldp-socket.ts';
import type { Watched } from '../../linux/readiness.ts';
import { readLldp } from './lldp-frame.ts';
import { textOf } from './json-read.ts';
import { LldpNeighbours } from './lldp-neighbours.ts';
import { Soon } from './soon.ts';
import type { SourceHost, TopologySource } from './source.ts';

/** Frames taken in one turn of the event loop. */
const FRAMES_PER_TURN = 64;
const EXPIRY_CHECK_MS = 1_000;
const SWITCH_IN_KERNEL = 'ovs-system';

export class LldpSource implements TopologySource {
  readonly #names: ReadonlySet<string>;
  /** Outlives a run: what was heard holds for the time that was said. */
  readonly #neighbours = new LldpNeighbours();
  #frames = 0;
  #malformed = 0;

  /** Names of interfaces; none = all. */
  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  status(): Record<string, Json> {
    return { neighbours: this.#neighbours.size, frames: this.#frames, malformed: this.#malformed };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const neighbours = this.#neighbours;
    const ears = new Ears(host);
    const show = (): void => host.show(neighbours.picture((ifIndex) => ears.nodeOf(ifIndex)));
    const shown = new Soon(show, signal);
    const hears = (ifIndex: number): boolean => this.#hears(ears.nameOf(ifIndex));
    const onFrame = (ifIndex: number, bytes: Uint8Array): void => {
      if (!hears(ifIndex)) return;
      this.#frames++;
      const neighbour = readLldp(bytes);
      if (neighbour === undefined) {
        this.#malformed++;
        host.complain(`a frame on ${ears.nameOf(ifIndex)} that is no LLDP`);
        return;
      }
      const heard = neighbours.hear(neighbour, ifIndex, Date.now());
      if (heard === 'new') shown.ask();
      else if (heard === 'full') host.complain('more neighbours than can be kept');
    };
    const expiry = setInterval(() => {
      if (neighbours.expire(Date.now())) shown.ask();
    }, EXPIRY_CHECK_MS);
    try {
      ears.open(onFrame);
      ears.look((name) => this.#hears(name));
      show();
      host.onGraph((events) => {
        if (!ears.concerns(events)) return;
        ears.look((name) => this.#hears(name));
        shown.ask();
      });
      await Promise.race([ears.failed, shown.failed, aborted(signal)]);
    } finally {
      clearInterval(expiry);
      ears.close();
    }
  }

  #hears(name: string): boolean {
    return name !== '' && (this.#names.size === 0 || this.#names.has(name));
  }
}

interface Ear {
  readonly socket: LldpSocket;
  readonly watched: Watched;
}

/** The sockets, and the interfaces that they hear. */
class Ears {
  /** Rejects when a socket fails; never resolves. */
  readonly failed: Promise<never>;
  readonly #host: SourceHost;
  #fail: (error: unknown) => void = () => {};
  #onFrame: (ifIndex: number, bytes: Uint8Array) => void = () => {};
  #all: Ear | undefined;
  /** Of ports of a switch in the kernel, by interface index. */
  readonly #ports = new Map<number, Ear>();
  readonly #joined = new Set<number>();
  readonly #interfaces = new Map<number, GraphNode>();

  constructor(host: SourceHost) {
    this.#host = host;
    this.failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    this.failed.catch(() => {});
  }

  /** Throws LinuxError. */
  open(onFrame: (ifIndex: number, bytes: Uint8Array) => void): void {
    this.#onFrame = onFrame;
    this.#all = this.#listen(0);
  }

  nodeOf(ifIndex: number): string | undefined {
    return this.#interfaces.get(ifIndex)?.id;
  }

  /** "" when there is no such interface in the probe's own namespace. */
  nameOf(ifIndex: number): string {
    return textOf(this.#interfaces.get(ifIndex)?.metadata['Name']);
  }

  concerns(events: readonly GraphEvent[]): boolean {
    return events.some((event) => {
      if (event.kind === 'edgeAdded')
        return event.edge.parent === this.#host.nodeId && this.#host.isInterface(event.edge.child);
      if (event.kind === 'nodeDeleted') return this.#isKnown(event.node);
      if (event.kind !== 'nodeUpdated' || !this.#isKnown(event.node)) return false;
      const [before, after] = [event.before.metadata, event.node.metadata];
      return ['Name', 'MasterIndex'].some((key) => before[key] !== after[key]);
    });
  }

  /** Takes the interfaces as they are now. */
  look(hears: (name: string) => boolean): void {
    this.#gather();
    const [master] =
      [...this.#interfaces].find(([, node]) => node.metadata['Name'] === SWITCH_IN_KERNEL) ?? [];
    const ports = new Set<number>();
    for (const [ifIndex, { metadata }] of this.#interfaces) {
      if (!hears(textOf(metadata['Name']))) continue;
      if (master !== undefined && metadata['MasterIndex'] === master) ports.add(ifIndex);
      // Only hardware leaves out what is not for it.
      const isHardware = metadata['Type'] === 'device' && metadata['EncapType'] === 'ether';
      if (isHardware && !this.#joined.has(ifIndex)) this.#join(ifIndex);
    }
    for (const ifIndex of this.#joined) if (!this.#interfaces.has(ifIndex)) this.#joined.delete(ifIndex);
    for (const [ifIndex, ear] of this.#ports)
      if (!ports.has(ifIndex)) {
        this.#ports.delete(ifIndex);
        deafen(ear);
      }
    for (const ifIndex of ports) if (!this.#ports.has(ifIndex)) this.#openPort(ifIndex);
  }

  close(): void {
    for (const ear of this.#ports.values()) deafen(ear);
    if (this.#all !== undefined) deafen(this.#all);
  }

  #gather(): void {
    const { graph, nodeId } = this.#host;
    this.#interfaces.clear();
    for (const { child, metadata } of graph.edgesOut(nodeId)) {
      const node = graph.node(child);
      const ifIndex = node?.metadata['IfIndex'];
      if (metadata['RelationType'] !== 'ownership' || node === undefined || typeof ifIndex !== 'number')
        continue;
      if (this.#host.isInterface(child)) this.#interfaces.set(ifIndex, node);
    }
  }

  #isKnown({ id, metadata }: GraphNode): boolean {
    return this.#interfaces.get(metadata['IfIndex'] as number)?.id === id;
  }

  /** It may be gone by now, which its event will tell. */
  #join(ifIndex: number): void {
    try {
      this.#all?.socket.join(ifIndex);
      this.#joined.add(ifIndex);
    } catch (error) {
      this.#host.complain(messageOf(error));
    }
  }

  #openPort(ifIndex: number): void {
    try {
      this.#ports.set(ifIndex, this.#listen(ifIndex));
    } catch (error) {
      this.#host.complain(messageOf(error));
    }
  }

  #listen(ifIndex: number): Ear {
    const socket = new LldpSocket(ifIndex);
    try {
      return { socket, watched: this.#host.watch(socket.fd, () => this.#take(socket)) };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  #take(socket: LldpSocket): void {
    try {
      for (let count = 0; count < FRAMES_PER_TURN; count++) {
        const frame = socket.receive();
        if (frame === undefined) return;
        this.#onFrame(frame.ifIndex, frame.bytes);
      }
    } catch (error) {
      this.#fail(error);
    }
  }
}

function deafen({ socket, watched }: Ear): void {
  watched.remove();
  socket.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
