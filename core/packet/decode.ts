/**
 * Walks the chain of headers of one packet and fills the reused `Layers` (line of data: capture → here → flow key).
 * Never throws, never reads past the end, never allocates. The first error ends it; layers already read stay.
 * Only what decides keys and tunnels is decoded here; kinds that merely end the path (DNS, STP …) are left
 * `pending` for `application.ts`, which runs when a flow is born.
 *
 * About 25 ns for Ethernet/IPv4/TCP on one core of the machine of bench/flows.ts.
 */
import {
  decodeDot1Q,
  decodeEthernet,
  decodeLinuxSll,
  decodeLinuxSll2,
  decodeLlc,
  decodeLoopback,
  decodeSnap,
} from './ethernet.ts';
import {
  decodeIpsecAh,
  decodeIpv4,
  decodeIpv6,
  decodeIpv6Fragment,
  decodeIpv6Options,
  decodeIpv6Routing,
  decodeRawIp,
} from './ip.ts';
import { DecodeStatus, LAYERS_MAX, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';
import { decodePpp, decodePppoe } from './ppp.ts';
import {
  decodeIcmpv4,
  decodeIcmpv6,
  decodeIcmpv6Echo,
  decodeRudp,
  decodeSctp,
  decodeTcp,
  decodeUdp,
  decodeUdpLite,
} from './transport.ts';
import {
  decodeErspan,
  decodeEtherIp,
  decodeGeneve,
  decodeGre,
  decodeGtp,
  decodeMpls,
  decodeMplsPayload,
  decodeVxlan,
} from './tunnel.ts';

/** The first layer of a pcap link type; 0 when it is not supported. */
export function firstLayerOf(linkType: number): number {
  switch (linkType) {
    case 1:
      return LayerType.Ethernet;
    case 12:
    case 14:
    case 101:
      return LayerType.RawIp;
    case 228:
      return LayerType.IPv4;
    case 229:
      return LayerType.IPv6;
    case 0:
    case 108:
      return LayerType.Loopback;
    case 9:
      return LayerType.PPP;
    case 51:
      return LayerType.PPPoE;
    case 113:
      return LayerType.LinuxSLL;
    case 276:
      return LINUX_SLL2;
    default:
      return LayerType.None;
  }
}

/** A decoder of its own whose layer is LinuxSLL. */
const LINUX_SLL2 = 105;

/**
 * Decodes bytes[from, to) from its first layer on (see {@link firstLayerOf}).
 * `mplsPorts`: UDP ports whose payload is MPLS.
 */
export function decodePacket(
  layers: Layers,
  bytes: Uint8Array,
  from: number,
  to: number,
  first: number,
  mplsPorts?: ReadonlySet<number>,
): void {
  layers.bytes = bytes;
  layers.count = 0;
  layers.status = DecodeStatus.Ok;
  layers.at = from;
  layers.end = to;
  layers.pending = LayerType.None;
  layers.plain = true;
  decodeOn(layers, first, mplsPorts);
}

/** Goes on decoding at `layers.at`; used by {@link decodePacket} and for reassembled IPv4 payloads. */
export function decodeOn(layers: Layers, first: number, mplsPorts?: ReadonlySet<number>): void {
  let next = first;
  while (next > LayerType.Failure && layers.at < layers.end) {
    if (layers.count >= LAYERS_MAX) {
      next = layers.fail(DecodeStatus.TooManyLayers);
      break;
    }
    next = step(layers, next, mplsPorts);
  }
  if (next === LayerType.Failure) addEnd(layers, LayerType.Failure);
  // Nothing is left of a packet that ends behind a header: not even an empty payload.
  else if (layers.at < layers.end && next === LayerType.Payload) addEnd(layers, LayerType.Payload);
}

/** A trailing Payload or Failure has no header. */
function addEnd(layers: Layers, type: number): void {
  const index = layers.count++;
  layers.types[index] = type;
  layers.starts[index] = layers.at;
  layers.lengths[index] = 0;
}

function step(layers: Layers, next: number, mplsPorts: ReadonlySet<number> | undefined): number {
  switch (next) {
    case LayerType.Ethernet:
      return decodeEthernet(layers);
    case LayerType.IPv4:
      return decodeIpv4(layers);
    case LayerType.TCP:
      return decodeTcp(layers);
    case LayerType.UDP:
      return decodeUdp(layers, mplsPorts);
    case LayerType.IPv6:
      return decodeIpv6(layers);
    case LayerType.ICMPv4:
      return decodeIcmpv4(layers);
    case LayerType.ICMPv6:
      return decodeIcmpv6(layers);
    case LayerType.ICMPv6Echo:
      return decodeIcmpv6Echo(layers);
    case LayerType.Dot1Q:
      return decodeDot1Q(layers);
    case LayerType.VXLAN:
      return decodeVxlan(layers);
    case LayerType.GRE:
      return decodeGre(layers);
    case LayerType.MPLS:
      return decodeMpls(layers);
    default:
      return stepRare(layers, next);
  }
}

function stepRare(layers: Layers, next: number): number {
  switch (next) {
    case LayerType.MplsPayload:
      return decodeMplsPayload(layers);
    case LayerType.BareIpv6:
      return decodeIpv6(layers, true);
    case LayerType.Geneve:
      return decodeGeneve(layers);
    case LayerType.Erspan:
      return decodeErspan(layers);
    case LayerType.GTPv1U:
      return decodeGtp(layers);
    case LayerType.EtherIP:
      return decodeEtherIp(layers);
    case LayerType.LLC:
      return decodeLlc(layers);
    case LayerType.SNAP:
      return decodeSnap(layers);
    case LayerType.PPP:
      return decodePpp(layers);
    case LayerType.PPPoE:
      return decodePppoe(layers);
    case LayerType.LinuxSLL:
      return decodeLinuxSll(layers);
    case LINUX_SLL2:
      return decodeLinuxSll2(layers);
    case LayerType.Loopback:
      return decodeLoopback(layers);
    case LayerType.RawIp:
      return decodeRawIp(layers);
    case LayerType.SCTP:
      return decodeSctp(layers);
    case LayerType.RUDP:
      return decodeRudp(layers);
    case LayerType.UDPLite:
      return decodeUdpLite(layers);
    case LayerType.IPv6HopByHop:
    case LayerType.IPv6Destination:
      return decodeIpv6Options(layers, next);
    case LayerType.IPv6Routing:
      return decodeIpv6Routing(layers);
    case LayerType.IPv6Fragment:
      return decodeIpv6Fragment(layers);
    case LayerType.IPSecAH:
      return decodeIpsecAh(layers);
    case LayerType.Fragment:
      // What is inside is known only when all fragments are.
      layers.push(LayerType.Fragment, layers.end - layers.at);
      return LayerType.None;
    default:
      // Everything else only names the end of the path.
      layers.pending = next;
      return LayerType.None;
  }
}
