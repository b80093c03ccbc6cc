/**
 * One recorded run of the flow cases: which options it understands, the flows our table makes of the capture, and how
 * they differ from the recorded ones. Judging (what may differ, and why) is in flows-rules.ts.
 */
import { readFileSync } from 'node:fs';
import { FlowTable } from '../../core/flow/table.ts';
import type { FlowTableOptions } from '../../core/flow/table.ts';
import { PcapReader } from '../../core/packet/pcap-file.ts';
import type { PcapPacket } from '../../core/packet/pcap-file.ts';
import { flowToObject } from '../../core/wire/flow-json.ts';
import { formatTimestamp, parseTimestamp } from '../../core/wire/flow-layers-json.ts';

export type Json = Record<string, unknown>;

export interface RecordedRun {
  readonly run: string;
  readonly options: Json;
  readonly flowCount?: number;
  /** Whole flows, or … */
  readonly flows?: readonly Json[];
  /** … a few members of each. */
  readonly ids?: readonly Json[];
}

export interface FlowCase {
  readonly pcap: string;
  readonly origin?: string;
  readonly notes?: string;
  readonly recorded?: readonly RecordedRun[];
  readonly unitTests?: readonly Json[];
}

const CASE_MEMBERS = new Set(['pcap', 'origin', 'notes', 'recorded', 'unitTests']);
const RUN_MEMBERS = new Set(['run', 'options', 'flowCount', 'flows', 'ids']);
const EXTRA_LAYERS: Readonly<Record<string, number>> = { VRRP: 1, DNS: 2, DHCPv4: 4 };
const LINK_TYPE_RAW_IP = 12;

/** A member that nobody here knows: the case is not understood, which is a failure. */
export class NotUnderstood extends Error {}

/** Packets of a capture, copied out of the file. */
export function readCapture(file: string): PcapPacket[] {
  const reader = new PcapReader();
  const packets: PcapPacket[] = [];
  for (const packet of reader.push(readFileSync(file)))
    packets.push({ ...packet, bytes: packet.bytes.slice() });
  reader.end();
  return packets;
}

function extraLayersOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (!Array.isArray(value)) throw new NotUnderstood('ExtraLayers');
  return value.reduce<number>((mask, name) => {
    const bit = EXTRA_LAYERS[String(name)];
    if (bit === undefined) throw new NotUnderstood(`extra layer ${String(name)}`);
    return mask | bit;
  }, 0);
}

/** The table options of a run; every option must be known. */
export function optionsOf(options: Json, linkType: number): FlowTableOptions {
  const table: { -readonly [K in keyof FlowTableOptions]: FlowTableOptions[K] } = {
    nodeTid: '',
    captureId: '',
    linkType,
  };
  for (const [name, value] of Object.entries(options)) {
    switch (name) {
      case 'LayerKeyMode':
        if (value !== 'L2' && value !== 'L3') throw new NotUnderstood(`LayerKeyMode ${String(value)}`);
        table.layerKeyMode = value;
        break;
      case 'ExtraTCPMetric':
        table.extraTcpMetric = value === true;
        break;
      case 'IPDefrag':
        table.ipDefrag = value === true;
        break;
      case 'ReassembleTCP':
        table.reassembleTcp = value === true;
        break;
      case 'ExtraLayers':
        table.extraLayers = extraLayersOf(value);
        break;
      case 'RawPacketLimit':
        table.rawPacketLimit = Number(value);
        break;
      case 'NodeTID':
        table.nodeTid = String(value);
        break;
      case 'CaptureID':
        table.captureId = String(value);
        break;
      case 'UDPPortsAsMPLS':
        table.mplsUdpPorts = (value as unknown[]).map(Number);
        break;
      case 'LinkType':
        table.linkType = Number(value);
        break;
      default:
        throw new NotUnderstood(`option ${name}`);
    }
  }
  return table;
}

/** The link type of a capture: its header's, unless the case says that the header is wrong. */
export function linkTypeOf(flowCase: FlowCase, packets: readonly PcapPacket[]): number {
  if (/decode (it )?as raw IP/i.test(flowCase.notes ?? '')) return LINK_TYPE_RAW_IP;
  return packets[0]?.linkType ?? 1;
}

/** Every packet fed once, no tick: the table as the recorded runs saw theirs. */
export function flowsOf(packets: readonly PcapPacket[], options: FlowTableOptions): Json[] {
  const table = new FlowTable(options);
  for (const { bytes, wireLength, timeMs, subMsNs } of packets)
    table.feed(bytes, 0, bytes.length, wireLength, timeMs, subMsNs);
  return table.snapshot().map(flowToObject);
}

/** Members that neither this runner nor the format knows. */
export function misunderstanding(flowCase: FlowCase, run: RecordedRun): string | undefined {
  const strange =
    Object.keys(flowCase).find((name) => !CASE_MEMBERS.has(name)) ??
    Object.keys(run).find((name) => !RUN_MEMBERS.has(name));
  if (strange !== undefined) return `member ${strange}`;
  if ((run.flows === undefined) === (run.ids === undefined)) return 'neither flows nor ids';
  return undefined;
}

/** Members of an object by dotted path; null is none. */
export function flatten(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value))
      flatten(member, path ? `${path}.${name}` : name, into);
  else if (value !== null) into.set(path, value);
  return into;
}

/** The same moment told in two zones. */
function isSameTime(field: string, a: unknown, b: unknown): boolean {
  if (!field.endsWith('timestamp') || typeof a !== 'string' || typeof b !== 'string') return false;
  return formatTimestamp(parseTimestamp(a)) === formatTimestamp(parseTimestamp(b));
}

/** Paths at which two flows differ. Recorded flows leave out RawPacketsCaptured when it is 0. */
export function differingFields(expected: Json, actual: Json): string[] {
  const a = flatten(expected);
  const b = flatten(actual);
  if (!a.has('RawPacketsCaptured') && b.get('RawPacketsCaptured') === 0) b.delete('RawPacketsCaptured');
  return [...new Set([...a.keys(), ...b.keys()])].filter(
    (field) => a.get(field) !== b.get(field) && !isSameTime(field, a.get(field), b.get(field)),
  );
}
