/** A capture file becomes flows: the same however it is cut into pieces, and none is lost however full it gets. */
import { describe, expect, it } from 'vitest';
import { FileFlows, type FileFlowsOptions } from '../../../core/capture/file-flows.ts';
import { FlowTable } from '../../../core/flow/table.ts';
import { limits } from '../../../core/limits.ts';
import { PcapError, PcapReader, pcapHeader, pcapRecord } from '../../../core/packet/pcap-file.ts';
import type { Flow } from '../../../proto/gen/flow.ts';
import { ethernet, hex, ipv4, join, udp } from '../packet/frames.ts';

const START_MS = 1_700_000_000_000;

/** A UDP packet of conversation `flow`, `size` bytes of payload. */
function frameOf(flow: number, size = 4): Uint8Array {
  const source = `10.1.${flow >> 8}.${flow & 255}`;
  return ethernet(0x0800, ipv4(17, udp(1000, 2000, new Uint8Array(size)), { source }));
}

function recordOf(bytes: Uint8Array, second: number): Uint8Array {
  return pcapRecord({ bytes, wireLength: bytes.length, timeMs: START_MS + 1000 * second, subMsNs: 0 });
}

function fileOf(frames: readonly Uint8Array[], linkType = 1): Uint8Array {
  return join(pcapHeader(linkType), ...frames.map(recordOf));
}

interface Read {
  readonly early: readonly Flow[];
  readonly last: readonly Flow[];
  readonly counts: FileFlows['counts'];
}

function read(
  bytes: Uint8Array,
  pieceBytes = bytes.length,
  options: FileFlowsOptions = {},
  flowsMax = 100,
): Read {
  const file = new FileFlows(options, flowsMax);
  const early: Flow[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    early.push(...file.push(bytes.subarray(at, at + pieceBytes)));
  const last = [...file.end()];
  return { early, last, counts: file.counts };
}

/** What a failing read throws. */
function errorOf(bytes: Uint8Array): string {
  try {
    read(bytes, bytes.length || 1);
  } catch (error) {
    if (error instanceof PcapError) return error.message;
    throw error;
  }
  return 'nothing';
}

const packetsIn = (flows: readonly Flow[], of: 'Metric' | 'LastUpdateMetric' = 'Metric'): number =>
  flows.reduce((sum, flow) => sum + flow[of]!.ABPackets + flow[of]!.BAPackets, 0);

describe('FileFlows', () => {
  const three = fileOf([frameOf(1), frameOf(2), frameOf(1)]);

  it('gives the flows of the library call, each with all it has as its first update', () => {
    const { last, early, counts } = read(three);
    const table = new FlowTable({ nodeTid: '', captureId: '' });
    for (const packet of new PcapReader().push(three))
      table.feed(packet.bytes, 0, packet.bytes.length, packet.wireLength, packet.timeMs, packet.subMsNs);
    expect(last.map((flow) => ({ ...flow, LastUpdateMetric: undefined }))).toEqual(table.snapshot());
    for (const flow of last) expect(flow.LastUpdateMetric).toEqual(flow.Metric);
    expect(early).toEqual([]);
    expect(counts).toEqual({
      packets: 3,
      packetsIgnored: 0,
      bytes: three.length,
      flows: 2,
      flowsEvicted: 0,
      truncated: false,
      note: '',
    });
  });

  it.each([1, 7, 23, 24, 25, 100])('gives the same in pieces of %i bytes', (pieceBytes) => {
    expect(read(three, pieceBytes)).toEqual(read(three));
  });

  it('lets flows expire by no clock: hours apart they are one flow', () => {
    const apart = join(pcapHeader(1), recordOf(frameOf(1), 0), recordOf(frameOf(1), 86_400));
    expect(read(apart).last.map((flow) => flow.Last - flow.Start)).toEqual([86_400_000]);
  });

  it('refuses what has no head of a capture file, in the words of the reference', () => {
    expect(errorOf(new Uint8Array(0))).toBe('EOF');
    expect(errorOf(hex('d4'))).toBe('EOF');
    expect(errorOf(three.subarray(0, 23))).toBe('unexpected EOF');
    expect(errorOf(new TextEncoder().encode('hello world, this is not a pcap file'))).toBe(
      'Unknown magic 6c6c6568',
    );
    expect(errorOf(join(hex('0a0d0d0a'), new Uint8Array(60)))).toBe('Unknown magic a0d0d0a');
    expect(errorOf(join(hex('d4c3b2a1 0300 0400'), new Uint8Array(16)))).toBe('Unknown major version 3');
  });

  it('keeps what comes before a cut, wherever the cut is', () => {
    for (let length = 24; length < three.length; length++) {
      const { last, counts } = read(three.subarray(0, length));
      const whole = Math.floor((length - 24) / ((three.length - 24) / 3));
      expect(counts).toMatchObject({
        packets: whole,
        truncated: (length - 24) % ((three.length - 24) / 3) > 0,
      });
      expect(packetsIn(last)).toBe(whole);
    }
  });

  it('ends a file at a record that cannot be, and says so', () => {
    const broken = join(three, hex('00000000 00000000 ffffffff ffffffff'), three.subarray(24));
    const { counts, last } = read(broken, 10);
    expect(counts).toMatchObject({ packets: 3, truncated: true, note: 'packet of 4294967295 bytes' });
    expect(packetsIn(last)).toBe(3);
  });

  it('reads a head alone as a file without packets', () => {
    expect(read(pcapHeader(1)).counts).toMatchObject({ packets: 0, flows: 0, truncated: false });
  });

  it('gives idle flows out when there are too many, and loses no packet', () => {
    const frames = Array.from({ length: 3000 }, (_, i) => frameOf((i * 7919) % 500));
    const { early, last, counts } = read(fileOf(frames), 1000, {}, 50);
    expect(last).toHaveLength(50);
    expect(counts).toMatchObject({ flowsEvicted: early.length, flows: early.length + 50, packets: 3000 });
    expect(early.length).toBeGreaterThan(400);
    expect(packetsIn([...early, ...last])).toBe(3000);
    expect(packetsIn([...early, ...last], 'LastUpdateMetric')).toBe(3000);
  });

  it('keeps raw packets within their bound and tells each flow’s growth once', () => {
    const size = 60_000;
    const count = Math.ceil((limits.pcapRawBytesMax / size) * 2.5);
    const file = new FileFlows({ rawPacketLimit: 5 }, 100);
    const flows = file.push(pcapHeader(1));
    for (let i = 0; i < count; i++) flows.push(...file.push(recordOf(frameOf(i % 2, size), i)));
    expect(flows).toHaveLength(4);
    flows.push(...file.end());
    expect(packetsIn(flows, 'LastUpdateMetric')).toBe(count);
    const indexes = flows.flatMap((flow) => flow.LastRawPackets.map(({ Index }) => Index));
    expect(indexes.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  });

  it('leaves out raw packets beyond what may stay with a flow', () => {
    const big = frameOf(1, 65_000);
    const small = frameOf(1, 10);
    const size = limits.rawPacketBytesPerFlowMax / 2 + 1;
    const giant = join(frameOf(1, 10), new Uint8Array(size));
    const { last } = read(fileOf([giant, giant, big, small]), undefined, { rawPacketLimit: 10 });
    const bytes = last[0]!.LastRawPackets.reduce((sum, { Data }) => sum + Data.length, 0);
    expect(last[0]!.RawPacketsCaptured).toBe(4);
    expect(bytes).toBeLessThanOrEqual(limits.rawPacketBytesPerFlowMax);
    expect(bytes).toBeGreaterThan(0);
  });

  it('takes a link type that is said to be better than the file’s', () => {
    const raw = fileOf([ipv4(17, udp(1, 2, new Uint8Array(4)))]);
    expect(read(raw).last.map(({ LayersPath }) => LayersPath)).toEqual(['Ethernet']);
    const told = read(raw, undefined, { linkType: 12 }).last;
    expect(told.map(({ LayersPath }) => LayersPath)).toEqual(['IPv4/UDP']);
  });
});

/** A pcapng block in little-endian; the body's length is a multiple of 4. */
function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, bytes.length, true);
  return bytes;
}

function packetBlock(from: number, packet: Uint8Array): Uint8Array {
  const body = new Uint8Array(20 + ((packet.length + 3) & ~3));
  const view = new DataView(body.buffer);
  const microseconds = BigInt(START_MS) * 1000n;
  view.setUint32(0, from, true);
  view.setUint32(4, Number(microseconds >> 32n), true);
  view.setUint32(8, Number(microseconds & 0xffffffffn), true);
  view.setUint32(12, packet.length, true);
  view.setUint32(16, packet.length, true);
  body.set(packet, 20);
  return block(6, body);
}

describe('FileFlows with pcapng', () => {
  const section = block(0x0a0d0d0a, hex('4d3c2b1a 0100 0000 ffffffffffffffff'));
  const interfaceOf = (linkType: number) =>
    block(1, Uint8Array.of(linkType & 255, linkType >> 8, 0, 0, 0, 0, 0, 0));

  it('has a table for each link type', () => {
    const bare = ipv4(17, udp(1000, 2000, new Uint8Array(4)));
    const file = join(
      section,
      interfaceOf(1),
      interfaceOf(101),
      interfaceOf(1),
      packetBlock(0, frameOf(1)),
      packetBlock(1, bare),
      packetBlock(2, frameOf(1)),
    );
    const { last, counts } = read(file, 11);
    expect(last.map((flow) => [flow.LayersPath, flow.Metric!.ABPackets])).toEqual([
      ['Ethernet/IPv4/UDP', 2],
      ['IPv4/UDP', 1],
    ]);
    expect(counts).toMatchObject({ packets: 3, packetsIgnored: 0 });
  });

  it('counts packets of more link types than there may be, and reads on', () => {
    const types = Array.from({ length: limits.pcapLinkTypesMax + 2 }, (_, i) => 200 + i);
    const file = join(
      section,
      interfaceOf(1),
      packetBlock(0, frameOf(1)),
      ...types.map(interfaceOf),
      ...types.map((_, i) => packetBlock(1 + i, frameOf(1))),
      packetBlock(0, frameOf(1)),
    );
    const { last, counts } = read(file);
    expect(counts.packets).toBe(types.length + 2);
    expect(counts.packetsIgnored).toBe(types.length);
    expect(packetsIn(last)).toBe(2);
  });
});
