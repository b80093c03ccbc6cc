/** Arbitrary packets for property tests: mostly well formed, sometimes cut or damaged, from a few hosts. */
import fc from 'fast-check';
import {
  ethernet,
  geneve,
  gre,
  icmp,
  ipv4,
  ipv6,
  join,
  mpls,
  tcp,
  udp,
  vlan,
  vxlan,
} from '../packet/frames.ts';

export interface Capture {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly afterMs: number;
}

const host = fc.constantFrom('10.1.0.1', '10.1.0.2', '10.1.0.3', '127.0.0.1');
const port = fc.constantFrom(53, 80, 4789, 6081, 40_000, 40_001);
const mac = fc.constantFrom('02 00 00 00 00 0a', '02 00 00 00 00 0b', 'ff ff ff ff ff ff');
const payload = fc.uint8Array({ maxLength: 40 });

const transport = fc.oneof(
  fc.tuple(port, port, fc.nat(31), fc.nat(200), payload).map(([source, target, flags, seq, bytes]) => ({
    protocol: 6,
    bytes: tcp({ source, target, flags, seq }, bytes),
  })),
  fc
    .tuple(port, port, payload)
    .map(([source, target, bytes]) => ({ protocol: 17, bytes: udp(source, target, bytes) })),
  fc
    .tuple(fc.constantFrom(0, 3, 8), fc.nat(2))
    .map(([type, id]) => ({ protocol: 1, bytes: icmp(type, 0, id) })),
  payload.map((bytes) => ({ protocol: 89, bytes })),
);

const ip4 = fc
  .tuple(transport, host, host, fc.boolean(), fc.constantFrom(0, 8, 16), fc.nat(3))
  .map(([{ protocol, bytes }, source, target, more, offset, id]) =>
    // Few are fragments.
    ipv4(protocol, bytes, id === 3 ? { source, target, more, offset, id } : { source, target }),
  );
const ip6 = fc
  .tuple(transport, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .map(([{ protocol, bytes }, source, target]) =>
    ipv6(protocol === 1 ? 58 : protocol, bytes, source, target),
  );

const network = fc.oneof(
  { weight: 5, arbitrary: ip4.map((bytes) => ({ etherType: 0x0800, bytes })) },
  ip6.map((bytes) => ({ etherType: 0x86dd, bytes })),
);

const plain = fc.tuple(network, mac, mac, fc.nat(9)).map(([{ etherType, bytes }, source, target, tags]) => {
  if (tags === 0) return ethernet(0x8100, vlan(5, etherType, bytes), source, target);
  if (tags === 1) return ethernet(0x88a8, vlan(5, 0x8100, vlan(6, etherType, bytes)), source, target);
  return ethernet(etherType, bytes, source, target);
});

const tunnel = fc.tuple(plain, fc.nat(4), host, host).map(([inner, kind, source, target]) => {
  const carry = [
    () => ipv4(17, udp(40_000, 4789, vxlan(7, inner)), { source, target }),
    () => ipv4(17, udp(40_000, 6081, geneve(7, 0x6558, inner)), { source, target }),
    () => ipv4(47, gre(0x6558, inner, 9), { source, target }),
    () => ipv4(47, gre(0x8847, mpls(4, true, inner)), { source, target }),
    () => ipv4(4, inner.subarray(14), { source, target }),
  ][kind]!;
  return ethernet(0x0800, carry());
});

/** Nothing, nine times of ten. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** A frame, perhaps with a damaged byte, perhaps cut. */
export const anyCapture: fc.Arbitrary<Capture> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: plain },
      { weight: 2, arbitrary: tunnel },
      fc.uint8Array({ maxLength: 80 }),
    ),
    seldom(fc.tuple(fc.nat(100), fc.nat(255))),
    seldom(fc.nat(90)),
    fc.nat(18),
    fc.nat(5000),
  )
  .map(([frame, damage, cut, padding, afterMs]) => {
    const bytes = join(frame, new Uint8Array(padding));
    if (damage && damage[0] < bytes.length) bytes[damage[0]] = damage[1];
    return { bytes: cut === null ? bytes : bytes.slice(0, cut), wireLength: bytes.length, afterMs };
  });

interface End {
  readonly mac: string;
  readonly address: string;
  readonly port: number;
}

/** Ends that differ in everything, in port and address, in port alone, and in nothing. */
const conversation: fc.Arbitrary<readonly [End, End]> = fc
  .tuple(
    fc.constantFrom('0a', '0b'),
    fc.constantFrom('10.1.0.1', '10.1.0.2'),
    fc.constantFrom(53, 40_000, 40_001),
  )
  .map(([mac, address, port]) => [
    { mac: `02 00 00 00 00 ${mac}`, address, port },
    { mac: '02 00 00 00 00 0a', address: '10.1.0.1', port: 40_000 },
  ]);
const quietFlags = fc.constantFrom(16, 16, 16, 24, 16, 2, 17);

/**
 * Packets of very few conversations, so that most meet a flow that exists: TCP and UDP over IPv4, with and without
 * tags, padded, in both directions, sometimes damaged in a header.
 */
export const simpleCapture: fc.Arbitrary<Capture> = fc
  .record({
    isTcp: fc.boolean(),
    flags: quietFlags,
    seq: fc.integer({ min: 0, max: 40 }),
    ends: conversation,
    isReply: fc.boolean(),
    tags: fc.constantFrom(0, 0, 0, 1, 2, 3),
    length: fc.nat(20),
    padding: fc.nat(8),
    damage: seldom(fc.tuple(fc.integer({ min: 12, max: 60 }), fc.nat(255))),
    cut: seldom(fc.integer({ min: 30, max: 70 })),
    afterMs: fc.nat(50),
  })
  .map((fields) => {
    const [one, other] = fields.ends;
    const from = fields.isReply ? other : one;
    const to = fields.isReply ? one : other;
    const { port: source } = from;
    const { port: target } = to;
    const data = new Uint8Array(fields.length);
    const transport = fields.isTcp
      ? tcp({ source, target, flags: fields.flags, seq: fields.seq }, data)
      : udp(source, target, data);
    let inner = ipv4(fields.isTcp ? 6 : 17, transport, { source: from.address, target: to.address });
    let etherType = 0x0800;
    for (let i = 0; i < fields.tags; i++) {
      inner = vlan(i + 1, etherType, inner);
      etherType = 0x8100;
    }
    const bytes = join(ethernet(etherType, inner, from.mac, to.mac), new Uint8Array(fields.padding));
    if (fields.damage && fields.damage[0] < bytes.length) bytes[fields.damage[0]] = fields.damage[1];
    const kept = fields.cut === null ? bytes : bytes.slice(0, fields.cut);
    return { bytes: kept, wireLength: bytes.length, afterMs: fields.afterMs };
  });

/** Captures in the order of their times, as a capture gives them. */
export const anyCaptures: fc.Arbitrary<Capture[]> = fc
  .array(fc.oneof({ weight: 2, arbitrary: anyCapture }, { weight: 1, arbitrary: simpleCapture }), {
    maxLength: 60,
    size: 'max',
  })
  .map((captures) => captures.toSorted((a, b) => a.afterMs - b.afterMs));
