/**
 * A capture file becomes flows: pieces of the file go in, flows come out, those of all its packets at the end and
 * earlier only where memory says so. The Worker does this with uploads and the probe with files on disk.
 *
 * No time passes while a file is read: nothing expires or is updated, so that a file gives the same flows however fast
 * and in whatever pieces it is read (flow model notes, section 13, without its tickers).
 */
import type { Flow, RawPacket } from '../../proto/gen/flow.ts';
import { FlowTable, type FlowTableOptions } from '../flow/table.ts';
import { limits } from '../limits.ts';
import { PcapError, PcapReader } from '../packet/pcap-file.ts';

/** What a capture could ask for too; `linkType` says better than the file what its packets begin with. */
export type FileFlowsOptions = Pick<
  FlowTableOptions,
  | 'layerKeyMode'
  | 'extraTcpMetric'
  | 'ipDefrag'
  | 'reassembleTcp'
  | 'extraLayers'
  | 'rawPacketLimit'
  | 'linkType'
  | 'hashSeed'
>;

export interface FileCounts {
  readonly packets: number;
  /** Packets that belong to no flow: nothing in them was understood, or there were too many link types. */
  readonly packetsIgnored: number;
  /** Of the file, unpacked. */
  readonly bytes: number;
  /** Flow messages given out; a flow that had to leave early and came back is told twice. */
  readonly flows: number;
  /** Flows that left because of the bound of flows in memory. */
  readonly flowsEvicted: number;
  /** The file ends inside a packet, or what follows cannot be read; `note` says which. */
  readonly truncated: boolean;
  readonly note: string;
}

/** A classic header is as long as this, and a pcapng file at least. */
const HEAD_BYTES = 24;
/** First bytes of a pcapng file, as the reference names them: it reads classic files only. */
const SECTION_MAGIC = 'Unknown magic a0d0d0a';
/** No flow is due at it, since nothing compares with it: a tick then gives only what was evicted. */
const NO_TIME = Number.NaN;
/** How much of the bound of flows each link type but the first may have. */
const FURTHER_TYPES_SHARE = 8;

export class FileFlows {
  readonly #options: FileFlowsOptions;
  readonly #flowsMax: number;
  readonly #reader = new PcapReader();
  readonly #tables = new Map<number, FlowTable>();
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  /** Of the last packet. */
  #timeMs = 0;
  #packets = 0;
  #packetsUntabled = 0;
  #bytes = 0;
  #flows = 0;
  #evicted = 0;
  #note = '';
  /** Bytes of packets since flows were last given their raw packets away. */
  #rawBytes = 0;
  #isSpilled = false;

  /** `flowsMax`: flows in memory, 232 bytes each, and what the options keep of them beside counters. */
  constructor(options: FileFlowsOptions, flowsMax: number) {
    this.#options = options;
    this.#flowsMax = flowsMax;
  }

  get counts(): FileCounts {
    let ignored = this.#packetsUntabled;
    let evicted = 0;
    for (const { counters } of this.#tables.values()) {
      ignored += counters.packetsIgnored;
      evicted += counters.flowsEvicted;
    }
    return {
      packets: this.#packets,
      packetsIgnored: ignored,
      bytes: this.#bytes,
      flows: this.#flows,
      flowsEvicted: evicted,
      truncated: this.#note !== '',
      note: this.#note,
    };
  }

  /** Read so far. */
  get packets(): number {
    return this.#packets;
  }

  /** The rest of the file cannot be read and need not be pushed. */
  get isBroken(): boolean {
    return this.#note !== '';
  }

  /**
   * Takes the next piece of the file; returns the flows that had to leave. Throws {@link PcapError} when the head is
   * none of a capture file; anything wrong behind the head ends the file where it is, and `note` tells.
   */
  push(piece: Uint8Array): Flow[] {
    this.#bytes += piece.length;
    if (this.isBroken) return [];
    const rest = this.#headBytes < HEAD_BYTES ? this.#takeHead(piece) : piece;
    if (rest.length > 0) this.#feed(rest);
    return this.#leaving();
  }

  /** The file ends. Yields all flows that are left. Throws {@link PcapError} when its head was not whole. */
  *end(): Generator<Flow> {
    if (this.#headBytes < HEAD_BYTES) throw new PcapError(this.#bytes < 2 ? 'EOF' : 'unexpected EOF');
    if (!this.isBroken && !this.#reader.end()) this.#note = 'the file ends inside a packet';
    yield* this.#told(this.#takeEvicted());
    for (const table of this.#tables.values())
      yield* this.#told(this.#isSpilled ? table.changed(this.#timeMs) : table.live());
  }

  /** The unpacked file is cut here for another reason than its own bytes. */
  cut(note: string): void {
    if (this.#headBytes < HEAD_BYTES) throw new PcapError(note);
    if (!this.isBroken) this.#note = note;
  }

  /** The head is read by itself, because only what is wrong in it refuses the file. */
  #takeHead(piece: Uint8Array): Uint8Array {
    const taken = Math.min(HEAD_BYTES - this.#headBytes, piece.length);
    this.#head.set(piece.subarray(0, taken), this.#headBytes);
    this.#headBytes += taken;
    if (this.#headBytes < HEAD_BYTES) return piece.subarray(taken);
    try {
      for (const _packet of this.#reader.push(this.#head)) this.#packets++;
    } catch (error) {
      if (error instanceof PcapError && this.#head[0] === 0x0a) throw new PcapError(SECTION_MAGIC);
      throw error;
    }
    return piece.subarray(taken);
  }

  #feed(piece: Uint8Array): void {
    let linkType = -1;
    let table: FlowTable | undefined;
    try {
      for (const packet of this.#reader.push(piece)) {
        this.#packets++;
        if (packet.linkType !== linkType) table = this.#tableOf((linkType = packet.linkType));
        this.#timeMs = packet.timeMs;
        this.#rawBytes += packet.bytes.length;
        if (table === undefined) this.#packetsUntabled++;
        else
          table.feed(packet.bytes, 0, packet.bytes.length, packet.wireLength, packet.timeMs, packet.subMsNs);
      }
    } catch (error) {
      if (!(error instanceof PcapError)) throw error;
      this.#note = error.message;
    }
  }

  #tableOf(fileLinkType: number): FlowTable | undefined {
    const linkType = this.#options.linkType ?? fileLinkType;
    const known = this.#tables.get(linkType);
    if (known !== undefined || this.#tables.size >= limits.pcapLinkTypesMax) return known;
    const share = this.#tables.size === 0 ? 1 : FURTHER_TYPES_SHARE;
    const entriesMax = Math.max(1, Math.floor(this.#flowsMax / share));
    const table = new FlowTable({ nodeTid: '', captureId: '', ...this.#options, linkType, entriesMax });
    this.#tables.set(linkType, table);
    return table;
  }

  #leaving(): Flow[] {
    const flows = this.#takeEvicted();
    if ((this.#options.rawPacketLimit ?? 0) > 0 && this.#rawBytes >= limits.pcapRawBytesMax) {
      this.#rawBytes = 0;
      this.#isSpilled = true;
      for (const table of this.#tables.values()) flows.push(...table.flush(this.#timeMs).flows);
    }
    return [...this.#told(flows)];
  }

  #takeEvicted(): Flow[] {
    let evicted = 0;
    for (const { counters } of this.#tables.values()) evicted += counters.flowsEvicted;
    if (evicted === this.#evicted) return [];
    this.#evicted = evicted;
    return [...this.#tables.values()].flatMap((table) => table.tick(NO_TIME).flows);
  }

  /** Flows on their way out: each is told with what it grew since it was last told, at first all of it. */
  *#told(flows: Iterable<Flow>): Generator<Flow> {
    for (const flow of flows) {
      this.#flows++;
      flow.LastUpdateMetric ??= flow.Metric;
      if (flow.LastRawPackets.length > 0) flow.LastRawPackets = withinBound(flow.LastRawPackets);
      yield flow;
    }
  }
}

/** Whether these options keep more of a flow than its counters. */
export function keepsExtras(options: FileFlowsOptions): boolean {
  const { extraTcpMetric, reassembleTcp, extraLayers = 0, rawPacketLimit = 0 } = options;
  return extraTcpMetric === true || reassembleTcp === true || extraLayers > 0 || rawPacketLimit > 0;
}

/** The first packets that fit what may stay with a flow. */
function withinBound(packets: readonly RawPacket[]): RawPacket[] {
  let bytes = 0;
  return packets.filter((packet) => (bytes += packet.Data.length) <= limits.rawPacketBytesPerFlowMax);
}
