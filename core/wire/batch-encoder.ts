/**
 * Flow records become the body of a FlowBatch: protobuf fields without the batch's number, which a probe's outbox adds.
 * Bodies keep below the limits of a batch, so that any of them can travel alone.
 */
import { isSampled } from '../flow/slow-down.ts';
import { limits } from '../limits.ts';
import { encodeFlow, encodeStats, type Flow, type Stats } from '../../proto/gen/flow.ts';
import { encodeFlowEnd } from '../../proto/gen/probe.ts';
import { Writer } from '../../proto/gen/runtime.ts';

/** Fields `flows`, `stats` and `ended` of a FlowBatch, encoded, without its number: bodies may be joined end to end. */
export interface BatchBody {
  readonly bytes: Uint8Array;
  /** Flow messages in it. */
  readonly flows: number;
}

const FLOWS = (2 << 3) | 2;
const STATS = (3 << 3) | 2;
const ENDED = (5 << 3) | 2;

/** What to leave out; SlowDown of the probe protocol. */
export interface Leave {
  readonly detail: number;
  /** One flow of so many is told. */
  readonly sampling: number;
}

export const NOTHING_LEFT_OUT: Leave = { detail: 0, sampling: 1 };
const NO_RAW_PACKETS = 1;
const NO_APPLICATION_LAYERS = 2;

export class BatchEncoder {
  readonly #emit: (body: BatchBody) => void;
  #writer = Writer.create();
  #flows = 0;
  #sampledOut = 0;

  /** `emit` gets each body as it is full, and the rest at `finish`. */
  constructor(emit: (body: BatchBody) => void) {
    this.#emit = emit;
  }

  /** Flow messages that were not told because only some flows are. */
  get sampledOut(): number {
    return this.#sampledOut;
  }

  /** The flow messages of one table at one moment; `ended` are UUIDs among them that left the table. */
  add(flows: readonly Flow[], ended: readonly string[], { detail, sampling }: Leave): void {
    const endings = new Set(ended);
    for (const flow of flows) {
      if (!isSampled(flow.UUID, sampling)) {
        this.#sampledOut++;
        continue;
      }
      this.#addFlow(flow, detail);
      // An ending stays in the batch of its flow.
      if (endings.delete(flow.UUID)) this.#addEnd(flow);
      if (this.#flows >= limits.flowsPerBatchMax || this.#writer.len >= limits.flowBatchBytesMax / 2)
        this.finish();
    }
  }

  addStats(stats: Stats): void {
    encodeStats(stats, this.#writer.uint32(STATS).fork()).ldelim();
  }

  finish(): void {
    if (this.#writer.len === 0) return;
    const body = { bytes: this.#writer.finish(), flows: this.#flows };
    this.#writer = Writer.create();
    this.#flows = 0;
    this.#emit(body);
  }

  #addEnd({ UUID, CaptureID }: Flow): void {
    encodeFlowEnd({ uuid: UUID, capture_id: CaptureID }, this.#writer.uint32(ENDED).fork()).ldelim();
  }

  #addFlow(flow: Flow, detail: number): void {
    let shown = flow;
    if (detail >= NO_RAW_PACKETS && flow.LastRawPackets.length > 0) shown = { ...shown, LastRawPackets: [] };
    if (detail >= NO_APPLICATION_LAYERS)
      shown = { ...shown, DHCPv4: undefined, DNS: undefined, VRRPv2: undefined };
    encodeFlow(shown, this.#writer.uint32(FLOWS).fork()).ldelim();
    this.#flows++;
  }
}
