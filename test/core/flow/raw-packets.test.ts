/** Raw packets can be read by themselves: their link type is that of what they begin with. */
import { describe, expect, it } from 'vitest';
import { ethernet, gre, hex, ipv4, join, udp } from '../packet/frames.ts';
import { feed, tableOf } from './table-of.ts';

const packet = ipv4(17, udp(1, 2));

describe('the link type of a raw packet', () => {
  it.each<[string, number, Uint8Array, number, number]>([
    ['Ethernet', 1, ethernet(0x0800, packet), 1, 42],
    ['raw IP', 101, packet, 228, 28],
    ['raw IP told by its family', 228, packet, 228, 28],
    ['a cooked capture', 113, join(hex('0000 0001 0006 020000000001 0000 0800'), packet), 113, 44],
    ['cooked, version 2', 276, join(hex('0800 0000 00000003 0001 00 06 020000000001 0000'), packet), 276, 48],
    ['a loopback header', 108, join(hex('00000002'), packet), 108, 32],
    ['PPP', 9, join(hex('ff03 0021'), packet), 9, 32],
  ])('%s', (_what, linkType, bytes, wanted, length) => {
    const table = tableOf({ linkType, rawPacketLimit: 1 });
    feed(table, bytes);
    const [raw] = table.snapshot()[0]!.LastRawPackets;
    expect([raw!.LinkType, raw!.Data.length]).toEqual([wanted, length]);
  });

  it('is that of a loopback header in network order where the capture has it in the order of its host', () => {
    const table = tableOf({ linkType: 0, rawPacketLimit: 1 });
    feed(table, join(hex('02000000'), packet));
    const [raw] = table.snapshot()[0]!.LastRawPackets;
    expect(raw!.LinkType).toBe(108);
    expect(raw!.Data.subarray(0, 5)).toEqual(hex('00000002 45'));
  });

  it('is its own inside a tunnel of a cooked capture', () => {
    const table = tableOf({ linkType: 113, rawPacketLimit: 1 });
    feed(table, join(hex('0000 0001 0006 020000000001 0000 0800'), ipv4(47, gre(0x0800, packet))));
    expect(table.snapshot().map((flow) => flow.LastRawPackets[0]!.LinkType)).toEqual([113, 228]);
  });
});
