/**
 * The flows of many hosts as they were last told: what a flow search on the analyzer looks at. Bounded by an
 * estimate of the memory it takes; beyond it the flows that have been silent longest leave, and are counted.
 */
import type { Flow } from '../../proto/gen/flow.ts';
import { limits } from '../limits.ts';

interface Entry {
  readonly host: string;
  readonly flow: Flow;
  readonly bytes: number;
  /** When it was last told, ms since 1970. */
  readonly toldMs: number;
}

/** Heap of a decoded TCP flow without packets and extra layers, measured (docs/design/objects.md). */
const FLOW_BYTES = 1_400;
const RAW_PACKET_BYTES = 250;
const DNS_RECORD_BYTES = 600;

export class LiveTable {
  /** Host and UUID → entry, the idlest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #countByHost = new Map<string, number>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  sizeOf(host: string): number {
    return this.#countByHost.get(host) ?? 0;
  }

  /**
   * Takes the newest state of a flow. Probes send each raw packet once, so those of earlier states stay with the
   * flow. Returns how many other flows had to leave for it.
   */
  put(host: string, flow: Flow, nowMs: number): number {
    const key = keyOf(host, flow.UUID);
    const before = this.#entries.get(key);
    const kept = before === undefined ? flow : withPackets(before.flow, flow);
    this.#remove(key);
    const bytes = bytesOf(kept);
    this.#entries.set(key, { host, flow: kept, bytes, toldMs: nowMs });
    this.#countByHost.set(host, this.sizeOf(host) + 1);
    this.#bytes += bytes;
    let evicted = 0;
    for (const idlest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax || this.#entries.size <= 1) break;
      this.#remove(idlest);
      evicted++;
    }
    return evicted;
  }

  delete(host: string, uuid: string): void {
    this.#remove(keyOf(host, uuid));
  }

  /** Drops everything of a host; how many flows that were. */
  dropHost(host: string): number {
    const count = this.sizeOf(host);
    if (count === 0) return 0;
    for (const [key, entry] of this.#entries) if (entry.host === host) this.#remove(key);
    return count;
  }

  /** Drops what was last told before the time; how many flows that were. */
  dropIdle(beforeMs: number): number {
    let dropped = 0;
    for (const [key, entry] of this.#entries) {
      if (entry.toldMs >= beforeMs) break;
      this.#remove(key);
      dropped++;
    }
    return dropped;
  }

  /** The flows of these hosts, of all without a list; the idlest first. */
  *flows(hosts?: ReadonlySet<string>): Generator<Flow> {
    for (const entry of this.#entries.values())
      if (hosts === undefined || hosts.has(entry.host)) yield entry.flow;
  }

  /** Every flow with its host, the idlest first. */
  *withHosts(): Generator<{ readonly host: string; readonly flow: Flow }> {
    for (const { host, flow } of this.#entries.values()) yield { host, flow };
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    const count = this.sizeOf(entry.host) - 1;
    if (count === 0) this.#countByHost.delete(entry.host);
    else this.#countByHost.set(entry.host, count);
  }
}

function keyOf(host: string, uuid: string): string {
  return `${host}\n${uuid}`;
}

function withPackets(before: Flow, after: Flow): Flow {
  if (before.LastRawPackets.length === 0) return after;
  const packets = new Map(before.LastRawPackets.map((packet) => [packet.Index, packet]));
  for (const packet of after.LastRawPackets) packets.set(packet.Index, packet);
  const all = [...packets.values()].slice(0, limits.rawPacketsPerFlowMax);
  const bytes = all.reduce((sum, packet) => sum + packet.Data.length, 0);
  return bytes > limits.rawPacketBytesPerFlowMax ? after : { ...after, LastRawPackets: all };
}

function bytesOf(flow: Flow): number {
  let bytes = FLOW_BYTES + 2 * (flow.LayersPath.length + flow.Application.length);
  for (const packet of flow.LastRawPackets) bytes += RAW_PACKET_BYTES + packet.Data.length;
  if (flow.DNS !== undefined)
    bytes +=
      DNS_RECORD_BYTES *
      (1 +
        flow.DNS.questions.length +
        flow.DNS.answers.length +
        flow.DNS.authorities.length +
        flow.DNS.additionals.length);
  if (flow.DHCPv4 !== undefined) bytes += 1_000;
  return bytes;
}
