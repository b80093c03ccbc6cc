/** LLDP frames byte by byte (IEEE 802.1AB clause 8, annexes D and 802.3 clause 79). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../../core/limits.ts';
import { readLldp } from '../../../../probe/topology/sources/lldp-frame.ts';
import { LldpNeighbours } from '../../../../probe/topology/sources/lldp-neighbours.ts';

/** A value: 7 bits of type, 9 of length. */
function tlv(type: number, ...parts: string[]): string {
  const hex = parts.join('');
  const length = hex.length / 2;
  return ((type << 9) | length).toString(16).padStart(4, '0') + hex;
}
const text = (value: string): string => Buffer.from(value).toString('hex');
function frame(...values: string[]): Buffer {
  return Buffer.from(`0180c200000e02000000000188cc${values.join('')}0000`, 'hex');
}

const CHASSIS = tlv(1, '04020000000001');
const PORT = tlv(2, `05${text('ge-0/0/1')}`);
const TTL = tlv(3, '0078');

describe('readLldp', () => {
  it('reads the three that must be there', () => {
    expect(readLldp(frame(CHASSIS, PORT, TTL))).toEqual({
      chassisId: '02:00:00:00:00:01',
      chassisIdType: 'MAC Address',
      portId: 'ge-0/0/1',
      portIdType: 'Interface Name',
      ttlSeconds: 120,
      sysName: '',
      sysDescription: '',
      portDescription: '',
      mgmtAddress: '',
      mtu: undefined,
      port: {},
    });
  });

  it('reads names, the first address of management, VLANs, link aggregation and the largest frame', () => {
    const neighbour = readLldp(
      frame(
        CHASSIS,
        PORT,
        TTL,
        tlv(4, text('to rack 7')),
        tlv(5, text('tor-1')),
        tlv(6, text('Some OS')),
        // Address of 5 bytes, IPv4; interface numbering 2 (ifIndex) 7; no object id.
        tlv(8, '0501c0000207', '0200000007', '00'),
        tlv(8, '110220010db8000000000000000000000001', '0200000007', '00'),
        tlv(127, '0080c201', '0064'),
        tlv(127, '0080c202', '06', '0065'),
        tlv(127, '0080c203', '0064', '03', text('red')),
        tlv(127, '0080c205', '89abcdef'),
        tlv(127, '0080c206', '0fff'),
        tlv(127, '00120f03', '03', '00000009'),
        tlv(127, '00120f04', '2400'),
        tlv(127, '00000001', 'ffff'),
      ),
    );
    expect(neighbour).toMatchObject({
      portDescription: 'to rack 7',
      sysName: 'tor-1',
      sysDescription: 'Some OS',
      mgmtAddress: '192.0.2.7',
      mtu: 9_216,
    });
    expect(neighbour?.port).toEqual({
      PVID: 100,
      PPVIDs: [{ Supported: true, Enabled: true, ID: 101 }],
      VLANNames: [{ ID: 100, Name: 'red' }],
      VIDUsageDigest: 0x89ab_cdef,
      ManagementVID: 4_095,
      LinkAgggregation: { Supported: true, Enabled: true, PortID: 9 },
    });
  });

  it.each([
    [tlv(1, '05010a000001'), 'Network Address', '10.0.0.1'],
    [tlv(1, '0504aabb'), 'Network Address', '04aabb'],
    [tlv(1, '0402000001'), 'MAC Address', '02000001'],
    [tlv(1, `07${text('chassis A')}`), 'Local', 'chassis A'],
    [tlv(1, '0700000003'), 'Local', '00000003'],
    [tlv(1, '09abcd'), 'Reserved', 'abcd'],
  ])('reads the chassis id %s', (chassis, type, id) => {
    const neighbour = readLldp(frame(chassis, PORT, TTL));
    expect([neighbour?.chassisIdType, neighbour?.chassisId]).toEqual([type, id]);
  });

  it.each([
    ['another ethertype', Buffer.from('0180c200000e0200000000010800', 'hex')],
    ['no port', frame(CHASSIS, TTL)],
    ['an empty chassis id', frame(tlv(1, '04'), PORT, TTL)],
    ['values behind the end', frame(CHASSIS, '0000', PORT, TTL)],
    ['a value longer than the frame', frame(CHASSIS, PORT, '06ff00')],
    ['nothing', Buffer.alloc(0)],
  ])('gives nothing for %s', (_what, bytes) => {
    expect(readLldp(bytes)).toBeUndefined();
  });

  it('throws at no bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readLldp(Buffer.concat([frame(CHASSIS, PORT, TTL).subarray(0, -2), bytes]));
        readLldp(Buffer.concat([Buffer.from('0180c200000e02000000000188cc', 'hex'), bytes]));
      }),
    );
  });
});

describe('LldpNeighbours', () => {
  const heard = readLldp(frame(CHASSIS, PORT, TTL))!;
  const picture = (neighbours: LldpNeighbours): string[] =>
    neighbours.picture((index) => `node-${index}`).edges.map(({ child }) => child);

  it('keeps a neighbour for the time that it said, and longer when it says so again', () => {
    const neighbours = new LldpNeighbours();
    expect(neighbours.hear(heard, 3, 0)).toBe('new');
    expect(neighbours.hear(heard, 3, 60_000)).toBe('same');
    expect(neighbours.expire(179_000)).toBe(false);
    expect(picture(neighbours)).toContain('node-3');
    expect(neighbours.expire(180_000)).toBe(true);
    expect(neighbours.size).toBe(0);
  });

  it('forgets at once who says goodbye', () => {
    const neighbours = new LldpNeighbours();
    neighbours.hear(heard, 3, 0);
    expect(neighbours.hear({ ...heard, ttlSeconds: 0 }, 3, 1)).toBe('new');
    expect(neighbours.size).toBe(0);
  });

  it('keeps so many on one wire, whoever invents more', () => {
    const neighbours = new LldpNeighbours();
    const answers = Array.from({ length: limits.lldpNeighboursMax + 1 }, (_each, i) =>
      neighbours.hear({ ...heard, chassisId: `c${i}` }, 3, 0),
    );
    expect([answers.at(-2), answers.at(-1)]).toEqual(['new', 'full']);
    expect(neighbours.hear(heard, 4, 0)).toBe('new');
  });

  it('takes a switch with a new name for the same', () => {
    const neighbours = new LldpNeighbours();
    neighbours.hear({ ...heard, sysName: 'old', mgmtAddress: '192.0.2.1' }, 3, 0);
    expect(neighbours.hear({ ...heard, sysName: 'new', mgmtAddress: '192.0.2.1' }, 3, 1)).toBe('new');
    const { nodes } = neighbours.picture((index) => `node-${index}`);
    expect(nodes.map(({ metadata }) => metadata['Name'])).toEqual(['new', 'ge-0/0/1']);
  });

  it('makes one switch of two ports that say the same of it', () => {
    const neighbours = new LldpNeighbours();
    neighbours.hear(heard, 3, 0);
    neighbours.hear({ ...heard, portId: 'ge-0/0/2' }, 4, 0);
    const { nodes } = neighbours.picture((index) => `node-${index}`);
    expect(nodes.map(({ metadata }) => metadata['Type'])).toEqual(['switch', 'switchport', 'switchport']);
  });
});
