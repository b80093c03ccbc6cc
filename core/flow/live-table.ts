/**
 * The flows of many hosts as they were last told: what a flow search on the analyzer looks at. Kept encoded
 * (`flow-pages.ts`) and decoded when looked at. Bounded by the memory it takes; beyond it the flows that have been
 * silent longest leave, and are counted.
 */
import type { Flow } from '../../proto/gen/flow.ts';
import { limits } from '../limits.ts';
import { reduceEncoded, searchEncoded, type EncodedAnswer } from './encoded-search.ts';
import { FlowPages, type FlowSlot } from './flow-pages.ts';
import type { FlowReduction, Reduced } from './reduction.ts';
import type { FlowSearch } from './search.ts';

interface Entry {
  readonly host: string;
  readonly slot: FlowSlot;
  hasPackets: boolean;
  /** When it was last told, ms since 1970. */
  toldMs: number;
}

/** Heap of an entry, its slot and its key in the map, beside the record itself (measured). */
const ENTRY_BYTES = 300;
/** What stays of the memory allowed when flows have to leave. */
const ROOM_KEPT = 31 / 32;

export class LiveTable {
  /** Host, capture and UUID → entry, the idlest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #countByHost = new Map<string, number>();
  readonly #pages = new FlowPages();
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#pages.bytes + this.#entries.size * ENTRY_BYTES;
  }

  sizeOf(host: string): number {
    return this.#countByHost.get(host) ?? 0;
  }

  /**
   * Takes the newest state of a flow. Probes send each raw packet once, so those of earlier states stay with the
   * flow. Returns how many other flows had to leave for it.
   */
  put(host: string, flow: Flow, nowMs: number): number {
    const key = keyOf(host, flow.CaptureID, flow.UUID);
    const known = this.#entries.get(key);
    if (known === undefined) {
      const hasPackets = flow.LastRawPackets.length > 0;
      this.#entries.set(key, { host, slot: this.#pages.write(flow), hasPackets, toldMs: nowMs });
      this.#countByHost.set(host, this.sizeOf(host) + 1);
    } else {
      const kept = known.hasPackets ? withPackets(this.#pages.read(known.slot), flow) : flow;
      this.#pages.rewrite(known.slot, kept);
      known.hasPackets = kept.LastRawPackets.length > 0;
      known.toldMs = nowMs;
      // To the end: the first of the map is the idlest.
      this.#entries.delete(key);
      this.#entries.set(key, known);
    }
    if (this.#pages.isWasteful) this.#pages.compact(this.#slots());
    return this.#makeRoom();
  }

  delete(host: string, captureId: string, uuid: string): void {
    this.#remove(keyOf(host, captureId, uuid));
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

  /** What a search over the flows of these hosts, of all without a list, finds; without `sort` the idlest come first. */
  search(search: FlowSearch, hosts?: ReadonlySet<string>): EncodedAnswer {
    return searchEncoded(this.#pages, this.#entriesOf(hosts), search);
  }

  /** What is wanted of the flows that a search finds, without any of them. */
  reduce(
    search: FlowSearch,
    reduction: FlowReduction,
    hosts?: ReadonlySet<string>,
  ): { readonly reduced: Reduced; readonly visited: number } {
    return reduceEncoded(this.#pages, this.#entriesOf(hosts), search, reduction);
  }

  *#entriesOf(hosts?: ReadonlySet<string>): Generator<Entry> {
    for (const entry of this.#entries.values()) if (hosts === undefined || hosts.has(entry.host)) yield entry;
  }

  /** Every flow with its host, the idlest first. */
  *withHosts(): Generator<{ readonly host: string; readonly flow: Flow }> {
    for (const { host, slot } of this.#entries.values()) yield { host, flow: this.#pages.read(slot) };
  }

  /**
   * Some room at once: a map is walked past everything that ever left its front, so that walking it for each single
   * flow would cost as much as the table is long.
   */
  #makeRoom(): number {
    if (this.bytes <= this.#bytesMax) return 0;
    const enough = this.#bytesMax * ROOM_KEPT;
    let evicted = 0;
    for (const idlest of this.#entries.keys()) {
      if (this.bytes <= enough || this.#entries.size <= 1) break;
      this.#remove(idlest);
      evicted++;
    }
    return evicted;
  }

  *#slots(): Generator<FlowSlot> {
    for (const entry of this.#entries.values()) yield entry.slot;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#pages.free(entry.slot);
    const count = this.sizeOf(entry.host) - 1;
    if (count === 0) this.#countByHost.delete(entry.host);
    else this.#countByHost.set(entry.host, count);
  }
}

/** Captures of one node may give two flows one UUID: it is made of start and node, not of the capture. */
function keyOf(host: string, captureId: string, uuid: string): string {
  return `${host}\n${captureId}\n${uuid}`;
}

function withPackets(before: Flow, after: Flow): Flow {
  if (before.LastRawPackets.length === 0) return after;
  const packets = new Map(before.LastRawPackets.map((packet) => [packet.Index, packet]));
  for (const packet of after.LastRawPackets) packets.set(packet.Index, packet);
  const all = [...packets.values()].slice(0, limits.rawPacketsPerFlowMax);
  const bytes = all.reduce((sum, packet) => sum + packet.Data.length, 0);
  return bytes > limits.rawPacketBytesPerFlowMax ? after : { ...after, LastRawPackets: all };
}
