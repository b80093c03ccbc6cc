/** What few flows have, kept beside the rows: metrics on request, raw packets, decoded application layers. */
import type { DHCPv4, DNS, IPMetric, RawPacket, TCPMetric, VRRPv2 } from '../../proto/gen/flow.ts';

export interface FlowExtra {
  tcpMetric?: TCPMetric;
  ipMetric?: IPMetric;
  /** Not yet sent. */
  rawPackets?: RawPacket[];
  rawPacketsCaptured?: number;
  dns?: DNS;
  dhcpv4?: DHCPv4;
  vrrpv2?: VRRPv2;
  /** The addresses where the visible network layer is not the one of the key. */
  network?: { readonly a: string; readonly b: string };
}
