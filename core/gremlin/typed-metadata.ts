/**
 * Metadata that the reference keeps in structures: their text and number members always exist, as "" or 0 when the
 * JSON leaves them out (zero counters do), and a path through their lists is flattened, so that
 * `RoutingTables.Routes.Prefix` meets every route. Source: Gremlin notes, section 6.1. Nodes only.
 */
export interface Shape {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Lists and maps: there only when the JSON has them. */
  readonly others: readonly string[];
  readonly members: Readonly<Record<string, Shape>>;
}

function shape(
  texts: string,
  numbers: string | readonly string[],
  others = '',
  members: Readonly<Record<string, Shape>> = {},
): Shape {
  const counters = typeof numbers === 'string' ? words(numbers) : numbers;
  return { texts: words(texts), numbers: counters, others: words(others), members };
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}

/** Counters of an interface metric, in the order in which they are shown; Start and Last follow. */
export const INTERFACE_COUNTERS: readonly string[] = (
  'Collisions Multicast RxBytes RxCompressed RxCrcErrors RxDropped RxErrors RxFifoErrors RxFrameErrors ' +
  'RxLengthErrors RxMissedErrors RxOverErrors RxPackets TxAbortedErrors TxBytes TxCarrierErrors TxCompressed ' +
  'TxDropped TxErrors TxFifoErrors TxHeartbeatErrors TxPackets TxWindowErrors'
).split(' ');

const SFLOW_INTERFACE =
  'IfInOctets IfInUcastPkts IfInMulticastPkts IfInBroadcastPkts IfInDiscards IfInErrors IfInUnknownProtos ' +
  'IfOutOctets IfOutUcastPkts IfOutMulticastPkts IfOutBroadcastPkts IfOutDiscards IfOutErrors';

/** Counters of an sFlow metric, likewise. */
export const SFLOW_COUNTERS: readonly string[] = (
  `${SFLOW_INTERFACE} OvsDpNHit OvsDpNMissed OvsDpNLost OvsDpNMaskHit OvsDpNFlows OvsDpNMasks OvsAppFdOpen ` +
  'OvsAppFdMax OvsAppConnOpen OvsAppConnMax OvsAppMemUsed OvsAppMemMax VlanOctets VlanUcastPkts VlanMulticastPkts ' +
  'VlanBroadcastPkts VlanDiscards EthAlignmentErrors EthFCSErrors EthSingleCollisionFrames ' +
  'EthMultipleCollisionFrames EthSQETestErrors EthDeferredTransmissions EthLateCollisions EthExcessiveCollisions ' +
  'EthInternalMacReceiveErrors EthInternalMacTransmitErrors EthCarrierSenseErrors EthFrameTooLongs EthSymbolErrors'
).split(' ');

const TIMES = ['Start', 'Last'];
const METRIC = shape('', [...INTERFACE_COUNTERS, ...TIMES]);
const SFLOW_METRIC = shape('', [...SFLOW_COUNTERS, ...TIMES]);
const NEIGHBOR = shape('MAC IP', 'Vlan VNI IfIndex', 'Flags State');

const SHAPES: Readonly<Record<string, Shape>> = {
  Metric: METRIC,
  LastUpdateMetric: METRIC,
  Neutron: shape('PortID TenantID NetworkID NetworkName', 'VNI', 'IPV4 IPV6'),
  Captures: shape(
    'ID State Name Description BPFFilter Type PCAPSocket MirrorOf SFlowSocket Error Fallback',
    'PacketsReceived PacketsDropped PacketsIfDropped',
  ),
  Neighbors: NEIGHBOR,
  FDB: NEIGHBOR,
  RoutingTables: shape('Src', 'ID', '', {
    Routes: shape('Prefix', 'Protocol', '', { NextHops: shape('IP MAC', 'Priority IfIndex') }),
  }),
  Ovs: shape('DBVersion Version Error', '', 'Protocols OtherConfig Options', {
    Metric: METRIC,
    LastUpdateMetric: METRIC,
  }),
  SFlow: shape('', '', 'IfMetrics', { Metric: SFLOW_METRIC, LastUpdateMetric: SFLOW_METRIC }),
};

/** The shape of the metadata under a key of the top level, if it has one. */
export function shapeOf(rootKey: string): Shape | undefined {
  return Object.hasOwn(SHAPES, rootKey) ? SHAPES[rootKey] : undefined;
}

/** All declared names, whether the JSON has them or not. */
export function declaredNames(of: Shape): readonly string[] {
  return [...of.texts, ...of.numbers, ...of.others, ...Object.keys(of.members)];
}

/** What a member that the JSON leaves out reads as. */
export function absentMember(of: Shape, name: string): '' | 0 | undefined {
  if (of.texts.includes(name)) return '';
  return of.numbers.includes(name) ? 0 : undefined;
}

export function memberShape(of: Shape, name: string): Shape | undefined {
  return Object.hasOwn(of.members, name) ? of.members[name] : undefined;
}
