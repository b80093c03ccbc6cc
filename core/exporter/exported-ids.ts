/**
 * Ids of flows that come from records instead of packets. The reference hashes texts there, so these tracking ids
 * are not comparable with those of captures (flow model notes, end of section 5). L3 mode always, so both tracking
 * ids are the one digest. The reference seeds every UUID of NetFlow with 123 and keeps its table by the difference
 * of two equal digests, so flows of one start time share a UUID and one place; here the digest itself is the seed.
 */
import { formatHash, XxHash64, type Hash64 } from '../hash.ts';
import type { FlowLayer, ICMPLayer, TransportLayer } from '../../proto/gen/flow.ts';

export interface ExportedIds {
  /** The same for both directions of a flow. */
  readonly trackingId: string;
  /** Of a flow of this IP protocol that starts at this time (ms since 1970) on this node. */
  uuid(startMs: number, nodeTid: string, protocol: number): string;
}

const encoder = new TextEncoder();
const stream = new XxHash64();
const word = new Uint8Array(8);
const digest: Hash64 = { high: 0, low: 0 };

function writeUint64(hash: XxHash64, value: number): void {
  const view = new DataView(word.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value >>> 0);
  hash.write(word);
}

export function idsOfExported(
  network: FlowLayer,
  transport: TransportLayer | undefined,
  icmp: ICMPLayer | undefined,
): ExportedIds {
  const equal = network.A === network.B;
  const swap = equal && transport !== undefined ? transport.A > transport.B : network.A > network.B;
  stream.reset();
  stream.write(encoder.encode(swap ? network.B + network.A : network.A + network.B));
  writeUint64(stream, network.ID);
  if (transport !== undefined) {
    const [low, high] = swap ? [transport.B, transport.A] : [transport.A, transport.B];
    new DataView(word.buffer).setUint32(0, ((low << 16) | high) >>> 0);
    stream.write(word, 0, 4);
    writeUint64(stream, transport.ID);
  }
  if (icmp !== undefined) {
    new DataView(word.buffer).setUint32(0, ((icmp.Type << 24) | (icmp.Code << 16) | icmp.ID) >>> 0);
    stream.write(word, 0, 4);
  }
  const seed = stream.digest({ high: 0, low: 0 });
  return {
    trackingId: formatHash(seed.high, seed.low),
    uuid: (startMs, nodeTid, protocol) => {
      const hash = new XxHash64(seed.high, seed.low);
      writeUint64(hash, startMs);
      hash.write(encoder.encode(nodeTid));
      hash.write(Uint8Array.of(protocol));
      hash.digest(digest);
      return formatHash(digest.high, digest.low);
    },
  };
}
