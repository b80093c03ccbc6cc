/**
 * IFLA_INFO_DATA of tunnels (linux/if_link.h, linux/if_tunnel.h): vxlan, geneve, the gre family, IP in IP, vti, xfrm
 * and bareudp. Ports, keys and protocols are in network order, everything else in the host's.
 */
import { formatAddress } from './neighbour.ts';
import { attributeMap, type Reader } from './netlink.ts';

/** What of a tunnel is fixed by its configuration; undefined = the kind has none, or it is not set. */
export interface Tunnel {
  /** VXLAN, Geneve. */
  readonly vni: number | undefined;
  /** GRE with keys, vti: of what comes in and of what goes out. */
  readonly inKey: number | undefined;
  readonly outKey: number | undefined;
  /** xfrm. */
  readonly interfaceId: number | undefined;
  /** Index of the interface that its packets leave by, in the namespace in which it was made. */
  readonly device: number | undefined;
  /** Outer addresses; undefined also when any. */
  readonly local: string | undefined;
  /** A multicast group for a VXLAN that floods to one. */
  readonly remote: string | undefined;
  /** Of the outer header, 0 = taken from the inner one or the route. */
  readonly ttl: number;
  /** Of the outer header, 1 = taken from the inner one. */
  readonly tos: number;
  /** UDP port that packets are sent to. */
  readonly port: number | undefined;
  /** Ends and ids come with each packet (Open vSwitch, eBPF). */
  readonly external: boolean;
  /** VXLAN: whether forwarding entries are learnt from traffic. */
  readonly learning: boolean | undefined;
}

type Attributes = ReadonlyMap<number, Reader>;

const NOTHING: Tunnel = {
  vni: undefined,
  inKey: undefined,
  outKey: undefined,
  interfaceId: undefined,
  device: undefined,
  local: undefined,
  remote: undefined,
  ttl: 0,
  tos: 0,
  port: undefined,
  external: false,
  learning: undefined,
};

/** GRE_KEY in iflags and oflags. */
const GRE_KEY = 0x2000;

function parseVxlan(data: Attributes): Tunnel {
  const external = isSet(data.get(25));
  return {
    ...NOTHING,
    vni: external ? undefined : data.get(1)?.u32(),
    device: data.get(3)?.u32() || undefined,
    local: address(data, 4, 17),
    remote: address(data, 2, 16),
    ttl: data.get(5)?.u8() ?? 0,
    tos: data.get(6)?.u8() ?? 0,
    port: data.get(15)?.u16be(),
    external,
    learning: data.has(7) ? isSet(data.get(7)) : undefined,
  };
}

function parseGeneve(data: Attributes): Tunnel {
  // IFLA_GENEVE_COLLECT_METADATA is a flag: it is there or not.
  const external = data.has(6);
  return {
    ...NOTHING,
    vni: external ? undefined : data.get(1)?.u32(),
    remote: address(data, 2, 7),
    ttl: data.get(3)?.u8() ?? 0,
    tos: data.get(4)?.u8() ?? 0,
    port: data.get(5)?.u16be(),
    external,
  };
}

function parseGre(data: Attributes): Tunnel {
  const key = (flags: number, value: number): number | undefined =>
    ((data.get(flags)?.u16be() ?? 0) & GRE_KEY) === 0 ? undefined : data.get(value)?.u32be();
  return {
    ...NOTHING,
    inKey: key(2, 4),
    outKey: key(3, 5),
    device: data.get(1)?.u32() || undefined,
    local: address(data, 6),
    remote: address(data, 7),
    ttl: data.get(8)?.u8() ?? 0,
    tos: data.get(9)?.u8() ?? 0,
    external: data.has(18),
  };
}

function parseIpTunnel(data: Attributes): Tunnel {
  return {
    ...NOTHING,
    device: data.get(1)?.u32() || undefined,
    local: address(data, 2),
    remote: address(data, 3),
    ttl: data.get(4)?.u8() ?? 0,
    tos: data.get(5)?.u8() ?? 0,
    external: data.has(19),
  };
}

function parseVti(data: Attributes): Tunnel {
  return {
    ...NOTHING,
    inKey: data.get(2)?.u32be() || undefined,
    outKey: data.get(3)?.u32be() || undefined,
    device: data.get(1)?.u32() || undefined,
    local: address(data, 4),
    remote: address(data, 5),
  };
}

const PARSERS: Readonly<Record<string, (data: Attributes) => Tunnel>> = {
  vxlan: parseVxlan,
  geneve: parseGeneve,
  gre: parseGre,
  gretap: parseGre,
  erspan: parseGre,
  ip6gre: parseGre,
  ip6gretap: parseGre,
  ip6erspan: parseGre,
  ipip: parseIpTunnel,
  sit: parseIpTunnel,
  ip6tnl: parseIpTunnel,
  vti: parseVti,
  vti6: parseVti,
  xfrm: (data) => ({
    ...NOTHING,
    interfaceId: data.get(2)?.u32(),
    device: data.get(1)?.u32() || undefined,
    external: data.has(3),
  }),
  bareudp: (data) => ({ ...NOTHING, port: data.get(1)?.u16be() }),
};

/** undefined: not a kind of tunnel that has data. */
export function parseTunnel(kind: string, data: Reader): Tunnel | undefined {
  return Object.hasOwn(PARSERS, kind) ? PARSERS[kind]!(attributeMap(data)) : undefined;
}

function isSet(value: Reader | undefined): boolean {
  return (value?.u8() ?? 0) !== 0;
}

/** The first of these attributes that holds an address which is not "any". */
function address(data: Attributes, ...types: readonly number[]): string | undefined {
  for (const type of types) {
    const value = data.get(type);
    if (value?.bytes().some((byte) => byte !== 0) === true) return formatAddress(value);
  }
  return undefined;
}
