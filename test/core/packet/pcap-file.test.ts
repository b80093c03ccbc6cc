import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapError, PcapReader, pcapHeader, pcapRecord } from '../../../core/packet/pcap-file.ts';
import type { PcapPacket } from '../../../core/packet/pcap-file.ts';
import { hex, join } from './frames.ts';

function readAll(...pieces: readonly Uint8Array[]): PcapPacket[] {
  const reader = new PcapReader();
  const packets: PcapPacket[] = [];
  for (const piece of pieces)
    for (const packet of reader.push(piece)) packets.push({ ...packet, bytes: packet.bytes.slice() });
  reader.end();
  return packets;
}

const MICROSECONDS = 'd4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000';
const RECORD = '80f16565 40e20100 03000000 64000000 aabbcc';

/** A pcapng block in little-endian. */
function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, bytes.length, true);
  return bytes;
}

const SECTION = block(0x0a0d0d0a, hex('4d3c2b1a 0100 0000 ffffffffffffffff'));
const INTERFACE_NS = block(1, hex('7100 0000 00000000 0900 0100 09000000 0000 0000'));
// 1700000000.123456789 s in nanoseconds.
const ENHANCED = block(6, hex('00000000 fe9c9717 15cd853d 03000000 64000000 aabbcc00'));

describe('PcapReader', () => {
  const packet = {
    bytes: hex('aabbcc'),
    wireLength: 100,
    timeMs: 1_701_179_776_123,
    subMsNs: 456_000,
    linkType: 1,
  };

  it('reads microseconds in either byte order', () => {
    const seconds = Math.floor(packet.timeMs / 1000);
    const little = join(hex(MICROSECONDS), hex(RECORD));
    const view = new DataView(little.buffer);
    view.setUint32(24, seconds, true);
    expect(readAll(little)).toEqual([packet]);
    const big = hex(
      'a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001 00000000 0001e240 00000003 00000064 aabbcc',
    );
    new DataView(big.buffer).setUint32(24, seconds);
    expect(readAll(big)).toEqual([packet]);
  });

  it('reads back what is written, to the nanosecond', () => {
    const exact = { ...packet, subMsNs: 456_789 };
    expect(readAll(pcapHeader(1), pcapRecord(exact))).toEqual([exact]);
    expect(readAll(pcapHeader(1, 100, false), pcapRecord(exact, false))).toEqual([packet]);
  });

  it('reads pcapng with the link type and clock of each interface', () => {
    expect(readAll(SECTION, INTERFACE_NS, block(99, new Uint8Array(8)), ENHANCED)).toEqual([
      {
        bytes: hex('aabbcc'),
        wireLength: 100,
        timeMs: 1_700_000_000_123,
        subMsNs: 456_789,
        linkType: 113,
      },
    ]);
  });

  it('gives the same packets however the file is cut into pieces', () => {
    const ng = join(SECTION, INTERFACE_NS, ENHANCED, ENHANCED);
    const classic = join(pcapHeader(1), pcapRecord(packet), pcapRecord(packet));
    fc.assert(
      fc.property(fc.constantFrom(ng, classic), fc.array(fc.nat(200)), (file, cuts) => {
        const edges = [
          0,
          ...cuts.map((cut) => Math.min(cut, file.length)).toSorted((a, b) => a - b),
          file.length,
        ];
        const pieces = edges.slice(1).map((edge, i) => file.slice(edges[i], edge));
        expect(readAll(...pieces)).toEqual(readAll(file));
      }),
    );
  });

  it('says in the words of the reference what is no capture file', () => {
    expect(() => readAll(new TextEncoder().encode('garbage!'))).toThrow(
      new PcapError('Unknown magic 62726167'),
    );
    expect(() => readAll(new Uint8Array(0))).toThrow(new PcapError('EOF'));
  });

  it('tells that the file was cut inside a packet', () => {
    const reader = new PcapReader();
    const file = join(pcapHeader(1), pcapRecord(packet));
    expect([...reader.push(file.slice(0, -1))]).toEqual([]);
    expect(reader.end()).toBe(false);
  });

  it('refuses packets and blocks of absurd length instead of waiting for them', () => {
    const record = pcapRecord(packet);
    new DataView(record.buffer).setUint32(8, 0x7fffffff, true);
    expect(() => readAll(pcapHeader(1), record)).toThrow('packet of 2147483647 bytes');
    const wide = SECTION.slice();
    new DataView(wide.buffer).setUint32(4, 0x7ffffffc, true);
    expect(() => readAll(wide)).toThrow('pcapng block of 2147483644 bytes');
    expect(() => readAll(SECTION, ENHANCED)).toThrow('unknown interface 0');
  });

  it('never throws anything but PcapError', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(SECTION, pcapHeader(1), new Uint8Array(0)),
        fc.uint8Array({ maxLength: 100 }),
        (head, rest) => {
          try {
            readAll(head, rest);
          } catch (error) {
            expect(error).toBeInstanceOf(PcapError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
