/**
 * What decoding one packet yields: one reused record, filled in place by `decode.ts`. It holds for each layer its
 * kind, where its header starts and how long the header is; strings are made elsewhere, when a flow is born.
 * Kinds and names follow the reference's decoder (flow model notes, section 3).
 */
import { limits } from '../limits.ts';

/** Kinds of layer, and at the same time what can come next. The names below are those of LayersPath. */
export const LayerType = {
  /** Nothing follows. */
  None: 0,
  /** Bytes that nobody decodes further. */
  Payload: 1,
  /** Where decoding stopped with an error. */
  Failure: 2,
  Ethernet: 3,
  Dot1Q: 4,
  LLC: 5,
  SNAP: 6,
  MPLS: 7,
  PPPoE: 8,
  PPP: 9,
  LinuxSLL: 10,
  Loopback: 11,
  ARP: 12,
  IPv4: 13,
  IPv6: 14,
  IPv6HopByHop: 15,
  IPv6Routing: 16,
  IPv6Fragment: 17,
  IPv6Destination: 18,
  Fragment: 19,
  ICMPv4: 20,
  ICMPv6: 21,
  ICMPv6Echo: 22,
  TCP: 23,
  UDP: 24,
  SCTP: 25,
  RUDP: 26,
  UDPLite: 27,
  GRE: 28,
  VXLAN: 29,
  Geneve: 30,
  GTPv1U: 31,
  EtherIP: 32,
  IPSecAH: 33,
  IPSecESP: 34,
  IGMP: 35,
  OSPF: 36,
  VRRP: 37,
  DNS: 38,
  DHCPv4: 39,
  DHCPv6: 40,
  NTP: 41,
  SIP: 42,
  SFlow: 43,
  BFD: 44,
  STP: 45,
  LinkLayerDiscovery: 46,
  LinkLayerDiscoveryInfo: 47,
  EAPOL: 48,
  EAP: 49,
  EAPOLKey: 50,
  CiscoDiscovery: 51,
  CiscoDiscoveryInfo: 52,
  NortelDiscovery: 53,
  EthernetCTP: 54,
  EthernetCTPForwardData: 55,
  EthernetCTPReply: 56,
  ICMPv6RouterSolicitation: 57,
  ICMPv6RouterAdvertisement: 58,
  ICMPv6NeighborSolicitation: 59,
  ICMPv6NeighborAdvertisement: 60,
  ICMPv6Redirect: 61,
  MLDv1MulticastListenerReport: 62,
  MLDv1MulticastListenerDone: 63,
  MLDv1MulticastListenerQuery: 64,
  MLDv2MulticastListenerReport: 65,
  MLDv2MulticastListenerQuery: 66,
  SCTPData: 68,
  SCTPInit: 69,
  SCTPInitAck: 70,
  SCTPSack: 71,
  SCTPHeartbeat: 72,
  SCTPHeartbeatAck: 73,
  SCTPError: 74,
  SCTPAbort: 75,
  SCTPShutdown: 76,
  SCTPShutdownAck: 77,
  SCTPShutdownComplete: 78,
  SCTPCookieEcho: 79,
  SCTPCookieAck: 80,
  Dot11InformationElement: 81,
  /** Not layers but decoders: the first byte tells what follows. */
  RawIp: 100,
  MplsPayload: 101,
  Erspan: 102,
  SctpChunk: 103,
  BareIpv6: 104,
} as const;

/** Name of a kind of layer, as it stands in LayersPath. */
export const layerNames: readonly string[] = (() => {
  const names: string[] = [];
  for (const [name, code] of Object.entries(LayerType)) names[code] = name;
  return names;
})();

/** Why decoding of a packet ended; counted per packet, never thrown. */
export const DecodeStatus = {
  /** Everything known was decoded. */
  Ok: 0,
  /** A header is longer than what was captured. */
  Truncated: 1,
  /** A header contradicts itself. */
  Malformed: 2,
  /** An ethertype, protocol number or the like that nobody decodes. */
  Unsupported: 3,
  /** More layers than {@link LAYERS_MAX}; those read so far stay. */
  TooManyLayers: 4,
} as const;
export type DecodeStatus = (typeof DecodeStatus)[keyof typeof DecodeStatus];

/** Layers of one packet. Four VLAN tags in five tunnels need about forty. */
export const LAYERS_MAX = limits.packetLayersMax;

/** The reused record. Offsets are indexes into `bytes`. */
export class Layers {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  /** LayerType of each layer; a trailing Payload or Failure is counted as a layer. */
  readonly types = new Uint8Array(LAYERS_MAX + 2);
  readonly starts = new Int32Array(LAYERS_MAX + 2);
  /** Header bytes of each layer, as the reference subtracts them from tunnel lengths. */
  readonly lengths = new Int32Array(LAYERS_MAX + 2);
  status: DecodeStatus = DecodeStatus.Ok;
  /** What is not decoded yet: bytes[at, end) of kind `pending`. */
  at = 0;
  end = 0;
  /** A kind that only names the path (DNS, STP …), decoded when a flow is born; None when there is nothing left. */
  pending = 0;
  /** True while no tunnel header (GRE, VXLAN, Geneve, MPLS) was seen: the packet is one sub-packet. */
  plain = true;

  /** Adds a layer whose header is bytes[at, at+length) and steps behind it. */
  push(type: number, length: number): void {
    const index = this.count++;
    this.types[index] = type;
    this.starts[index] = this.at;
    this.lengths[index] = length;
    this.at += length;
  }

  fail(status: DecodeStatus): number {
    this.status = status;
    return LayerType.Failure;
  }
}
