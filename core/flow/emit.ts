/** A row as a public flow record: here, and only here, numbers become strings. */
import { formatHash } from '../hash.ts';
import { formatIpv4Word, formatIpv6Words, formatMacWords } from '../ip.ts';
import { FlowProtocol, createFlow, createFlowMetric } from '../../proto/gen/flow.ts';
import type { Flow, FlowFinishType, FlowLayer, FlowMetric, ICMPType } from '../../proto/gen/flow.ts';
import type { FlowExtra } from './extra.ts';
import {
  KEY_ICMP,
  KEY_LINK,
  KEY_NO_PORTS,
  KEY_PARENT,
  KEY_TRANSPORT_MASK,
  KEY_TRANSPORT_SHIFT,
} from './key.ts';
import { KEY_IPV4, KEY_IPV6, KEY_NO_ADDRESSES, KEY_VNI, KEY_WORDS_MAX } from './key.ts';
import type { FlowPaths } from './paths.ts';
import * as R from './rows.ts';
import type { FlowRows } from './rows.ts';

const NO_ADDRESS = '<nil>';
const keyWords = new Int32Array(KEY_WORDS_MAX);

/** Index of the parent's UUID in key words, which stands last. */
function parentAt(words: Int32Array): number {
  const kind = words[0]!;
  let at = 1;
  if ((kind & KEY_NO_ADDRESSES) === 0) at += (kind & KEY_IPV4) !== 0 ? 2 : (kind & KEY_IPV6) !== 0 ? 8 : 0;
  const transport = (kind >> KEY_TRANSPORT_SHIFT) & KEY_TRANSPORT_MASK;
  if (transport === KEY_VNI) at += 2;
  else if (transport !== 0 && (kind & KEY_NO_PORTS) === 0) at += 1;
  if ((kind & KEY_ICMP) !== 0) at += 1;
  if ((kind & KEY_LINK) !== 0) at += 3;
  return at;
}

function linkOf(rows: FlowRows, row: number): FlowLayer {
  const at = row * R.ROW_WORDS + R.W_MACS;
  const a = rows.words[at]!;
  const b = rows.words[at + 1]!;
  const c = rows.words[at + 2]!;
  return {
    Protocol: FlowProtocol.ETHERNET,
    A: formatMacWords(a >>> 16, (a << 16) | (b >>> 16)),
    B: formatMacWords(b & 0xffff, c),
    ID: rows.doubles[row * R.ROW_DOUBLES + R.D_LINK_ID]!,
  };
}

function networkOf(rows: FlowRows, row: number, extra: FlowExtra | undefined): FlowLayer {
  const at = row * R.ROW_WORDS;
  const flags = rows.words[at + R.W_FLAGS]!;
  const isIpv4 = (flags & R.F_IPV4) !== 0;
  let a = NO_ADDRESS;
  let b = NO_ADDRESS;
  if ((flags & R.F_NETWORK_EXTRA) !== 0 && extra?.network) {
    ({ a, b } = extra.network);
  } else if ((flags & R.F_NO_ADDRESSES) === 0) {
    const first = isIpv4 ? formatIpv4Word(keyWords[1]!) : formatIpv6Words(keyWords, 1);
    const second = isIpv4 ? formatIpv4Word(keyWords[2]!) : formatIpv6Words(keyWords, 5);
    const isSwapped = (flags & R.F_SWAP) !== 0;
    a = isSwapped ? second : first;
    b = isSwapped ? first : second;
  }
  return {
    Protocol: isIpv4 ? FlowProtocol.IPV4 : FlowProtocol.IPV6,
    A: a,
    B: b,
    ID: rows.words[at + R.W_NETWORK_ID]! >>> 0,
  };
}

const TRANSPORTS = [FlowProtocol.ETHERNET, FlowProtocol.TCP, FlowProtocol.UDP, FlowProtocol.SCTP] as const;

/** The counters since the last message, over [start, last]. */
export function changeOf(rows: FlowRows, row: number, start: number, last: number): FlowMetric {
  const { doubles } = rows;
  const at = row * R.ROW_DOUBLES;
  return {
    ABPackets: doubles[at + R.D_AB_PACKETS]! - doubles[at + R.D_SENT_AB_PACKETS]!,
    ABBytes: doubles[at + R.D_AB_BYTES]! - doubles[at + R.D_SENT_AB_BYTES]!,
    BAPackets: doubles[at + R.D_BA_PACKETS]! - doubles[at + R.D_SENT_BA_PACKETS]!,
    BABytes: doubles[at + R.D_BA_BYTES]! - doubles[at + R.D_SENT_BA_BYTES]!,
    Start: start,
    Last: last,
    RTT: doubles[at + R.D_RTT_NS]!,
  };
}

function metricOf(rows: FlowRows, row: number): FlowMetric {
  const { doubles } = rows;
  const at = row * R.ROW_DOUBLES;
  return createFlowMetric({
    ABPackets: doubles[at + R.D_AB_PACKETS]!,
    ABBytes: doubles[at + R.D_AB_BYTES]!,
    BAPackets: doubles[at + R.D_BA_PACKETS]!,
    BABytes: doubles[at + R.D_BA_BYTES]!,
    Start: doubles[at + R.D_START]!,
    Last: doubles[at + R.D_LAST]!,
    RTT: doubles[at + R.D_RTT_NS]!,
  });
}

/** The flow of a row as it is, without LastUpdateMetric. Raw packets and metrics are copies or given away. */
export function flowOf(
  rows: FlowRows,
  row: number,
  paths: FlowPaths,
  extra: FlowExtra | undefined,
  nodeTid: string,
  captureId: string,
): Flow {
  const { words, doubles } = rows;
  const at = row * R.ROW_WORDS;
  const flags = words[at + R.W_FLAGS]!;
  const path = paths.get(words[at + R.W_PATH]!);
  rows.keyWords(row, keyWords);
  const parent = (keyWords[0]! & KEY_PARENT) !== 0 ? parentAt(keyWords) : 0;
  const flow = createFlow();
  flow.UUID = formatHash(words[at + R.W_UUID_HIGH]!, words[at + R.W_UUID_LOW]!);
  flow.LayersPath = path.layersPath;
  flow.Application = path.application;
  if (parent > 0) flow.ParentUUID = formatHash(keyWords[parent]!, keyWords[parent + 1]!);
  flow.Start = doubles[row * R.ROW_DOUBLES + R.D_START]!;
  flow.Last = doubles[row * R.ROW_DOUBLES + R.D_LAST]!;
  if ((flags & R.F_LINK) !== 0) flow.Link = linkOf(rows, row);
  if ((flags & (R.F_IPV4 | R.F_IPV6)) !== 0) flow.Network = networkOf(rows, row, extra);
  const transport = (flags & R.F_TRANSPORT_MASK) >> R.F_TRANSPORT_SHIFT;
  if (transport !== 0) {
    const ports = words[at + R.W_PORTS]!;
    flow.Transport = { Protocol: TRANSPORTS[transport]!, A: ports >>> 16, B: ports & 0xffff, ID: 0 };
  }
  if ((flags & R.F_ICMP) !== 0) {
    const icmp = words[at + R.W_ICMP]!;
    flow.ICMP = { Type: (icmp >>> 24) as ICMPType, Code: (icmp >>> 16) & 255, ID: icmp & 0xffff };
  }
  flow.Metric = metricOf(rows, row);
  flow.NodeTID = nodeTid;
  flow.CaptureID = captureId;
  flow.TrackingID = formatHash(words[at + R.W_L2_HIGH]!, words[at + R.W_L2_LOW]!);
  flow.L3TrackingID = formatHash(words[at + R.W_L3_HIGH]!, words[at + R.W_L3_LOW]!);
  flow.FinishType = ((flags & R.F_FINISH_MASK) >> R.F_FINISH_SHIFT) as FlowFinishType;
  if ((flags & R.F_IP_METRIC) !== 0) flow.IPMetric = { Fragments: 0, FragmentErrors: 0 };
  if (extra !== undefined) addExtra(flow, extra);
  return flow;
}

function addExtra(flow: Flow, extra: FlowExtra): void {
  if (extra.tcpMetric) flow.TCPMetric = { ...extra.tcpMetric };
  if (extra.ipMetric) flow.IPMetric = { ...extra.ipMetric };
  if (extra.dns) flow.DNS = extra.dns;
  if (extra.dhcpv4) flow.DHCPv4 = extra.dhcpv4;
  if (extra.vrrpv2) flow.VRRPv2 = extra.vrrpv2;
  if (extra.rawPackets) flow.LastRawPackets = [...extra.rawPackets];
  flow.RawPacketsCaptured = extra.rawPacketsCaptured ?? 0;
}
