/**
 * Tests of the link layer: which protocol a frame carries, 802.2 frame kinds, MAC addresses.
 * Sources: IEEE 802.3/802.2 (length or type, LLC, SNAP), pcap-linktype(7) (cooked, loopback), RFC 1661 (PPP),
 * RFC 3032 (MPLS: the label stack does not name the payload, so its first nibble is looked at).
 */
import { BpfError } from './errors.ts';
import { etherTypes, frameLengthMax, pppTypes, servicePoints } from './ethertypes.ts';
import type { Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Test } from './instructions.ts';
import { layerNames } from './link-types.ts';

/** LINUX_SLL_P_802_3 and LINUX_SLL_P_802_2: cooked packets whose frame had a length field instead of a type. */
const cookedNovell = 0x0001;
const cookedLlc = 0x0004;

/** AF_INET; AF_INET6 on Linux, and on the systems whose captures have this link layer: macOS, NetBSD/OpenBSD, FreeBSD. */
const afInet = 2;
const afInet6Linux = 10;
const afInet6Stored = [30, 24, 28];

/**
 * Whether the frame carries `protocol`, an EtherType or (up to 1500) an 802.2 service access point.
 * `offset` is the place in the text. Throws BpfError where the layers below cannot tell.
 */
export function linkProtocol(generator: Generator, protocol: number, offset: number): Test {
  if (generator.labelDepth > 0) return underLabels(generator, protocol, offset);
  switch (generator.layer) {
    case 'ethernet':
      return onEthernet(generator, protocol);
    case 'cooked1':
      return onCooked(generator, protocol);
    case 'cooked2':
      return generator.equals('link type', 0, 2, protocol);
    case 'raw':
      if (protocol === etherTypes.ip) return generator.equalsMasked('link header', 0, 1, 0x40, 0xf0);
      if (protocol === etherTypes.ip6) return generator.equalsMasked('link header', 0, 1, 0x60, 0xf0);
      return bpf.constant(false);
    case 'raw4':
      return bpf.constant(protocol === etherTypes.ip);
    case 'raw6':
      return bpf.constant(protocol === etherTypes.ip6);
    case 'ppp':
      return generator.equals('link type', 0, 2, pppTypes.get(protocol) ?? protocol);
    case 'null':
    case 'loop':
      if (protocol === etherTypes.ip) return family(generator, afInet);
      if (protocol === etherTypes.ip6) {
        const families = generator.live ? [afInet6Linux] : afInet6Stored;
        return families
          .map((value) => family(generator, value))
          .reduce((first, next) => bpf.either(first, next));
      }
      return bpf.constant(false);
  }
}

/** The loopback header holds an address family; type 0 in the capturing host's order, here little-endian. */
function family(generator: Generator, value: number): Test {
  return generator.equals('link header', 0, 4, generator.layer === 'null' ? value * 0x1000000 : value);
}

function underLabels(generator: Generator, protocol: number, offset: number): Test {
  const version = protocol === etherTypes.ip ? 0x40 : protocol === etherTypes.ip6 ? 0x60 : undefined;
  if (version === undefined) throw new BpfError('unsupported protocol over mpls', offset);
  const bottomOfStack = generator.equalsMasked('network', -2, 1, 0x01, 0x01);
  return bpf.both(bottomOfStack, generator.equalsMasked('network', 0, 1, version, 0xf0));
}

/** An 802.2 SNAP header with this organisation and type. */
function snap(generator: Generator, organisation: number, type: number): Test {
  const bytes = [
    servicePoints.snap,
    servicePoints.snap,
    0x03,
    organisation >> 16,
    (organisation >> 8) & 0xff,
  ];
  bytes.push(organisation & 0xff, type >> 8, type & 0xff);
  return generator.equalsBytes('link payload', 0, bytes);
}

/** A frame whose type field is a length: 802.3. */
const hasLength = (generator: Generator): Test =>
  bpf.opposite(generator.compare(bpf.JGT, 'link type', 0, 2, frameLengthMax));

const isTwice = (protocol: number): boolean =>
  protocol === servicePoints.iso || protocol === servicePoints.ip || protocol === servicePoints.netbeui;

const isAppleTalk = (protocol: number): boolean =>
  protocol === etherTypes.atalk || protocol === etherTypes.aarp;

/** AppleTalk and its ARP, in SNAP: Apple's own organisation code for the former only. */
const appleSnap = (generator: Generator, protocol: number): Test =>
  snap(generator, protocol === etherTypes.atalk ? 0x080007 : 0, protocol);

function onEthernet(generator: Generator, protocol: number): Test {
  if (isTwice(protocol)) {
    const points = (protocol << 8) | protocol;
    return bpf.both(hasLength(generator), generator.equals('link payload', 0, 2, points));
  }
  if (protocol === servicePoints.ipx) {
    // Four ways to carry IPX: Ethernet II, 802.2, raw 802.3 (checksum 0xffff first), SNAP.
    const llc = generator.equals('link payload', 0, 1, servicePoints.ipx);
    const novell = bpf.either(llc, generator.equals('link payload', 0, 2, 0xffff));
    const inLength = bpf.either(snap(generator, 0, etherTypes.ipx), novell);
    const withLength = bpf.both(hasLength(generator), inLength);
    return bpf.either(generator.equals('link type', 0, 2, etherTypes.ipx), withLength);
  }
  if (isAppleTalk(protocol)) {
    const inSnap = bpf.both(hasLength(generator), appleSnap(generator, protocol));
    return bpf.either(generator.equals('link type', 0, 2, protocol), inSnap);
  }
  if (protocol <= frameLengthMax) {
    return bpf.both(hasLength(generator), generator.equals('link type', 2, 1, protocol));
  }
  return generator.equals('link type', 0, 2, protocol);
}

function onCooked(generator: Generator, protocol: number): Test {
  const type = (value: number): Test => generator.equals('link type', 0, 2, value);
  if (isTwice(protocol)) {
    const points = (protocol << 8) | protocol;
    return bpf.both(type(cookedLlc), generator.equals('link payload', 0, 2, points));
  }
  if (protocol === servicePoints.ipx) {
    const llc = generator.equals('link payload', 0, 1, servicePoints.ipx);
    const inLlc = bpf.either(llc, snap(generator, 0, etherTypes.ipx));
    const withLlc = bpf.both(type(cookedLlc), inLlc);
    return bpf.either(type(etherTypes.ipx), bpf.either(type(cookedNovell), withLlc));
  }
  if (isAppleTalk(protocol)) {
    const inSnap = bpf.both(type(cookedLlc), appleSnap(generator, protocol));
    return bpf.either(type(protocol), inSnap);
  }
  if (protocol <= frameLengthMax) {
    const point = generator.equals('link header', generator.linkPayload.constant, 1, protocol);
    return bpf.both(type(cookedLlc), point);
  }
  return type(protocol);
}

/** In Geneve there may be no inner frame: true where the headers show that there is one. */
export function innerFrameCheck(generator: Generator): Test | undefined {
  if (!generator.isGeneve) return undefined;
  const header = generator.linkHeader.register!;
  const payload = generator.linkPayload.register!;
  const loads = [bpf.statement(bpf.LD | bpf.MEM, header), bpf.statement(bpf.LDX | bpf.MEM, payload)];
  return bpf.opposite(bpf.test(bpf.JEQ | bpf.X, 0, loads));
}

/** 802.2 control fields by name: value and the bits that count. Low bits 01: supervisory, 11: unnumbered. */
const controlFields: ReadonlyMap<string, readonly [value: number, mask: number]> = new Map([
  ['s', [0x01, 0x03]],
  ['u', [0x03, 0x03]],
  ['rr', [0x01, 0x0f]],
  ['rnr', [0x05, 0x0f]],
  ['rej', [0x09, 0x0f]],
  ['ui', [0x03, 0xef]],
  ['ua', [0x63, 0xef]],
  ['disc', [0x43, 0xef]],
  ['dm', [0x0f, 0xef]],
  ['sabme', [0x6f, 0xef]],
  ['test', [0xe3, 0xef]],
  ['xid', [0xaf, 0xef]],
  ['frmr', [0x87, 0xef]],
]);

/** `llc` and `llc <kind>`: an 802.2 frame (and not raw IPX), perhaps with this control field. Throws BpfError. */
export function llc(generator: Generator, subtype: string | undefined, offset: number): Test {
  const kind = subtype?.toLowerCase();
  const field = kind === undefined ? undefined : controlFields.get(kind);
  if (kind !== undefined && kind !== 'i' && field === undefined) {
    throw new BpfError(`unknown LLC type name "${subtype}"`, offset);
  }
  if (generator.layer !== 'ethernet') {
    throw new BpfError(`'llc' not supported for ${layerNames[generator.layer]}`, offset);
  }
  const notNovell = bpf.opposite(generator.equals('link payload', 0, 2, 0xffff));
  const frame = bpf.both(hasLength(generator), notNovell);
  if (field !== undefined) {
    return bpf.both(frame, generator.equalsMasked('link payload', 2, 1, field[0], field[1]));
  }
  // Bit 0 clear: an information frame.
  return kind === 'i' ? bpf.both(frame, bpf.opposite(generator.hasBits('link payload', 2, 1, 0x01))) : frame;
}
