/**
 * Protocol numbers of the link layer. EtherTypes per IEEE 802 / IANA, LLC service access points per IEEE 802.2,
 * PPP protocol numbers per RFC 1661 and IANA. A number up to 1500 is a service access point, above it an EtherType.
 */

export const etherTypes = {
  ip: 0x0800,
  arp: 0x0806,
  ns: 0x0600,
  mopdl: 0x6001,
  moprc: 0x6002,
  decnet: 0x6003,
  lat: 0x6004,
  sca: 0x6007,
  /** Transparent Ethernet bridging: a whole frame follows. */
  teb: 0x6558,
  rarp: 0x8035,
  atalk: 0x809b,
  aarp: 0x80f3,
  vlan: 0x8100,
  ipx: 0x8137,
  ip6: 0x86dd,
  mpls: 0x8847,
  pppoed: 0x8863,
  pppoes: 0x8864,
  serviceVlan: 0x88a8,
  loopback: 0x9000,
  qinq: 0x9100,
} as const;

export const servicePoints = {
  ip: 0x06,
  stp: 0x42,
  snap: 0xaa,
  ipx: 0xe0,
  netbeui: 0xf0,
  iso: 0xfe,
} as const;

/** Largest value of the length field of an 802.3 frame. */
export const frameLengthMax = 1500;

/** EtherType or service access point → PPP protocol number; others stay as they are. */
export const pppTypes: ReadonlyMap<number, number> = new Map<number, number>([
  [etherTypes.ip, 0x0021],
  [etherTypes.ip6, 0x0057],
  [etherTypes.decnet, 0x0027],
  [etherTypes.atalk, 0x0029],
  [etherTypes.ns, 0x0025],
  [servicePoints.iso, 0x0023],
  [servicePoints.stp, 0x0031],
  [servicePoints.ipx, 0x002b],
]);
export const pppMpls = 0x0281;
