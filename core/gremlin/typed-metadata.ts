/**
 * Metadata that the reference keeps in structures: their texts, numbers and flags always exist, as "", 0 or false when
 * the JSON leaves them out (zero counters do), and a path through their lists is flattened, so that
 * `RoutingTables.Routes.Prefix` meets every route. Source: Gremlin notes, section 6.1. Nodes only.
 */
export interface Shape {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly flags: readonly string[];
  /** Lists and maps: there only when the JSON has them. */
  readonly others: readonly string[];
  readonly members: Readonly<Record<string, Shape>>;
}

function shape(
  texts: string,
  numbers: string | readonly string[],
  others = '',
  members: Readonly<Record<string, Shape>> = {},
  flags = '',
): Shape {
  const counters = typeof numbers === 'string' ? words(numbers) : numbers;
  return { texts: words(texts), numbers: counters, flags: words(flags), others: words(others), members };
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
    'ID State Name Description BPFFilter Type PCAPSocket MirrorOf SFlowSocket Error',
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
  Vfs: shape('MAC', 'ID LinkState Qos TxRate Vlan', '', {}, 'Spoofchk'),
  PacketInjections: shape(
    'SrcIP SrcMAC DstIP DstMAC Type Mode Payload ID State',
    'SrcPort DstPort Count ICMPID Interval IncrementPayload TTL PacketCount',
    'Pcap',
  ),
  Container: shape('ID Image ImageID Runtime Status', 'InitProcessPID', 'Labels', {
    Hosts: shape('IP Hostname', '', 'ByIP'),
  }),
  LXD: shape(
    'Architecture CreatedAt Description Ephemeral Restore Status Stateful',
    '',
    'Config Devices Profiles',
  ),
  Libvirt: shape('MAC Domain BusType BusInfo Alias', ''),
  LLDP: shape(
    'Description ChassisID ChassisIDType SysName MgmtAddress PortID PortIDType',
    'PVID VIDUsageDigest ManagementVID',
    '',
    {
      LinkAggregation: shape('', 'PortID', '', {}, 'Enabled Supported'),
      VLANNames: shape('Name', 'ID'),
      PPVIDs: shape('', 'ID', '', {}, 'Enabled Supported'),
    },
  ),
  Contrail: shape('UUID MAC VRF LocalIP', 'VRFID', '', {
    RoutingTable: shape('Family Prefix', 'NhID Protocol'),
  }),
  BlockDev: shape(
    'Index Name DiscGran DiscMax Fsavail Fssize Fstype FsusePercent Fsused Group Hctl Kname Label MajMin Mode Model ' +
      'Mountpoint Owner Partflags Partlabel Parttype Partuuid Path Pkname Pttype Ptuuid Rev Sched Serial Size State ' +
      'Subsystems Tran Type UUID Vendor Wsame WWN',
    'Alignment DiscAln LogSec MinIo OptIo PhySec Ra RqSize',
    'Labels',
    {},
    'DiscZero Hotplug Rand Rm Ro Rota',
  ),
  BlockdevMetric: shape(
    '',
    'ReadsPerSec WritesPerSec ReadsKBPerSec WritesKBPerSec ReadsMergedPerSec WritesMergedPerSec ReadsMerged ' +
      'WritesMerged ReadServiceTime WriteServiceTime AverageQueueSize AverageReadSize AverageWriteSize ServiceTime ' +
      'Utilization Start Last',
  ),
};

/** The shape of the metadata under a key of the top level, if it has one. */
export function shapeOf(rootKey: string): Shape | undefined {
  return Object.hasOwn(SHAPES, rootKey) ? SHAPES[rootKey] : undefined;
}

/** All declared names, whether the JSON has them or not. */
export function declaredNames(of: Shape): readonly string[] {
  return [...of.texts, ...of.numbers, ...of.flags, ...of.others, ...Object.keys(of.members)];
}

/** What a member that the JSON leaves out reads as. */
export function absentMember(of: Shape, name: string): '' | 0 | false | undefined {
  if (of.texts.includes(name)) return '';
  if (of.flags.includes(name)) return false;
  return of.numbers.includes(name) ? 0 : undefined;
}

export function memberShape(of: Shape, name: string): Shape | undefined {
  return Object.hasOwn(of.members, name) ? of.members[name] : undefined;
}
