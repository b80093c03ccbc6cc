/**
 * The kinds of layer that only name the end of a path. `decode.ts` leaves them pending; this completes the record when
 * a flow is born, because only then the path is written down. A layer that is cut or malformed is left out.
 */
import { decodeDhcpv4, decodeDhcpv6 } from './dhcp.ts';
import { decodeArp, decodeCdp, decodeCtp, decodeEapol, decodeLldp, decodeNortel } from './discovery.ts';
import { decodeDns } from './dns.ts';
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';
import { decodeIcmpv6Message } from './neighbor.ts';
import { decodeEsp, decodeIgmp, decodeOspf, decodeVrrp } from './routing.ts';
import { decodeSctpChunks } from './sctp.ts';
import { decodeBfd, decodeNtp, decodeSflow, decodeSip } from './sip.ts';

const DECODERS: Readonly<Record<number, (layers: Layers) => void>> = {
  [LayerType.ARP]: decodeArp,
  [LayerType.DNS]: decodeDns,
  [LayerType.DHCPv4]: decodeDhcpv4,
  [LayerType.DHCPv6]: decodeDhcpv6,
  [LayerType.NTP]: decodeNtp,
  [LayerType.SIP]: decodeSip,
  [LayerType.SFlow]: decodeSflow,
  [LayerType.BFD]: decodeBfd,
  [LayerType.IGMP]: decodeIgmp,
  [LayerType.OSPF]: decodeOspf,
  [LayerType.VRRP]: decodeVrrp,
  [LayerType.IPSecESP]: decodeEsp,
  [LayerType.STP]: (layers) => layers.push(LayerType.STP, layers.end - layers.at),
  [LayerType.LinkLayerDiscovery]: decodeLldp,
  [LayerType.CiscoDiscovery]: decodeCdp,
  [LayerType.NortelDiscovery]: decodeNortel,
  [LayerType.EthernetCTP]: decodeCtp,
  [LayerType.EAPOL]: decodeEapol,
  [LayerType.SctpChunk]: decodeSctpChunks,
};

/** Decodes what is pending and adds its layers. Does nothing the second time. */
export function decodePending(layers: Layers): void {
  const kind = layers.pending;
  if (kind === LayerType.None) return;
  layers.pending = LayerType.None;
  const decode = DECODERS[kind];
  if (decode) decode(layers);
  else decodeIcmpv6Message(layers, kind);
}
