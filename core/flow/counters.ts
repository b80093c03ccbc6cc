/** What a flow table saw, lost and could not read; shown in the status of a capture. */
import { decodeStatusNames } from './paths.ts';

export class TableCounters {
  packets = 0;
  /** On the wire. */
  bytes = 0;
  flowsCreated = 0;
  /** Left because the table was full; they were sent. */
  flowsEvicted = 0;
  flowsEnded = 0;
  /** Packets with neither a link nor a network header, which belong to no flow. */
  packetsIgnored = 0;
  bytesIgnored = 0;
  /** Fragments of datagrams that never were whole. */
  fragmentsDropped = 0;
  fragmentBytesDropped = 0;
  /** Packets by DecodeStatus. */
  readonly decoded = new Float64Array(decodeStatusNames.length);

  ignore(bytes: number): void {
    this.packetsIgnored++;
    this.bytesIgnored += bytes;
  }

  /** Packets by the reason for which their decoding ended. */
  get decode(): Readonly<Record<string, number>> {
    return Object.fromEntries(decodeStatusNames.map((name, status) => [name, this.decoded[status]!]));
  }
}
