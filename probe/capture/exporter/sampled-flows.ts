/**
 * sFlow into flows: each sampled packet goes the way of a captured one. A sample has no time of its own and counts as
 * taken when it arrives; nothing is multiplied by the sampling rate. Both as in the reference.
 */
import { BpfError, compileBpf } from '../../../core/bpf/bpf.ts';
import type { ExportStatus } from '../../../core/exporter/datagram.ts';
import { decodeSflow, type SflowSink } from '../../../core/exporter/sflow.ts';
import type { FlowTable } from '../../../core/flow/table.ts';
import { CaptureError, type CaptureSpec } from '../capture-source.ts';
import { CaptureTable } from '../capture-table.ts';
import { PacketClock } from './packet-clock.ts';
import type { ExporterCounters } from './exporter-counters.ts';
import type { ExporterFlows } from './exporter-flows.ts';
import { SflowMetadata } from './sflow-metadata.ts';

type Filter = ReturnType<typeof compileBpf>;

/** Packets that begin alike. */
interface Lane {
  readonly flows: CaptureTable;
  readonly filter: Filter;
}

const ETHERNET = 1;
const EVERYTHING: Filter = () => true;
const NOTHING: Filter = () => false;

export class SampledFlows implements ExporterFlows {
  readonly tables: FlowTable[] = [];
  readonly metadata = new SflowMetadata();
  readonly #spec: CaptureSpec;
  readonly #counters: ExporterCounters;
  /** By link type. */
  readonly #lanes = new Map<number, Lane>();
  readonly #clock = new PacketClock();
  readonly #sink: SflowSink;
  #fed = 0;

  /** Throws CaptureError when the filter has no meaning. */
  constructor(spec: CaptureSpec, counters: ExporterCounters) {
    this.#spec = spec;
    this.#counters = counters;
    this.#lane(ETHERNET);
    this.#sink = {
      packet: (bytes, at, length, wireLength, linkType) => {
        this.#feed(this.#lane(linkType), bytes, at, length, wireLength);
      },
      counters: (source, format, values) => {
        this.#counters.counterRecords++;
        this.metadata.take(source, format, values, this.#clock.ms);
      },
    };
  }

  get received(): number {
    return this.#fed - this.faults;
  }

  /** Packets that our own code could not digest. */
  get faults(): number {
    let sum = 0;
    for (const { flows } of this.#lanes.values()) sum += flows.stats(0, 0).packetsDropped;
    return sum;
  }

  get evicted(): number {
    let sum = 0;
    for (const table of this.tables) sum += table.counters.flowsEvicted;
    return sum;
  }

  take(datagram: Uint8Array): ExportStatus {
    this.#clock.follow();
    this.#clock.read();
    const { status, skipped } = decodeSflow(datagram, this.#sink);
    this.#counters.skipped += skipped;
    return status;
  }

  #feed(lane: Lane, bytes: Uint8Array, at: number, length: number, wireLength: number): void {
    if (!lane.filter(bytes, at, length, wireLength)) {
      this.#counters.filtered++;
      return;
    }
    const kept = Math.min(length, this.#spec.headerBytes);
    lane.flows.feed(bytes, at, kept, wireLength, this.#clock.ms, this.#clock.subMsNs);
    this.#fed++;
    this.#counters.records++;
  }

  #lane(linkType: number): Lane {
    let lane = this.#lanes.get(linkType);
    if (lane === undefined) {
      lane = { flows: new CaptureTable(this.#spec, linkType), filter: this.#filter(linkType) };
      this.#lanes.set(linkType, lane);
      this.tables.push(lane.flows.table);
    }
    return lane;
  }

  #filter(linkType: number): Filter {
    const { userFilter } = this.#spec;
    if (userFilter.trim() === '') return EVERYTHING;
    try {
      return compileBpf(userFilter, linkType);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      if (linkType === ETHERNET) throw new CaptureError(`Not a valid BPF expression: ${error.reason}`);
      // What it asks for (`ether host …`) packets that begin with IP do not have.
      return NOTHING;
    }
  }
}
