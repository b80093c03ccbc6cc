/**
 * What the capture types may be asked for: one row a type. The names and the texts of refusals are the reference's;
 * `netflow` is ours beside them (NetFlow 5 and 9 and IPFIX on one port).
 */
import type { Capture } from './capture.ts';

/** What sends the datagrams that a capture listens for. */
export type ExporterKind = 'sflow' | 'netflow';

export const TARGET_TYPES = ['netflowv5', 'erspanv1'] as const;
/** "" is L2. */
export const LAYER_KEY_MODES = ['', 'L2', 'L3'] as const;
/** Bits of ExtraLayers. */
export const EXTRA_LAYERS = { VRRP: 1, DNS: 2, DHCPv4: 4 } as const;

interface CaptureTypeRow {
  /** May stand on one node several times, with different filters. */
  readonly several?: true;
  /** Has no meaning with it, and is refused rather than ignored. */
  readonly refuses?: readonly Refusable[];
  /** It waits for datagrams; `port` when the capture names none. */
  readonly listens?: { readonly exporter: ExporterKind; readonly port: number };
}

type Refusable =
  | 'BPFFilter'
  | 'RawPacketLimit'
  | 'ExtraTCPMetric'
  | 'IPDefrag'
  | 'ReassembleTCP'
  | 'ExtraLayers';

const WORDS: Readonly<Record<Refusable, string>> = {
  BPFFilter: 'BPF filtering',
  RawPacketLimit: 'raw packet capture',
  ExtraTCPMetric: 'extra TCP metrics',
  IPDefrag: 'IP defragmentation',
  ReassembleTCP: 'TCP reassembly',
  ExtraLayers: 'extra layers',
};

/** In the order of the reference's text for an unknown type; "" = the probe picks. */
const TYPES: Readonly<Record<string, CaptureTypeRow>> = {
  '': { several: true },
  ovssflow: {},
  pcapsocket: {},
  ovsmirror: {},
  dpdk: {},
  afpacket: { several: true },
  pcap: { several: true },
  ebpf: { refuses: ['BPFFilter', 'RawPacketLimit'] },
  sflow: { listens: { exporter: 'sflow', port: 6343 } },
  ovsnetflow: {},
  // The exporter has counted already: there are no packets that any of these could be done with.
  netflow: { listens: { exporter: 'netflow', port: 2055 }, refuses: Object.keys(WORDS) as Refusable[] },
};

const rowOf = (type: string): CaptureTypeRow | undefined =>
  Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;

export const isCaptureType = (type: string): boolean => rowOf(type) !== undefined;

/** Every type by name, ours included. */
export const CAPTURE_TYPES_TAKEN: readonly string[] = Object.keys(TYPES).filter((type) => type !== '');

/** Whether a second capture of this type may run on a node that already has one. */
export function allowsSeveral(type: string): boolean {
  return rowOf(type)?.several === true;
}

/** What a capture listens for and on which UDP port; undefined for types that look at packets. */
export function listeningOf({
  Type = '',
  Port = 0,
}: Pick<Capture, 'Type' | 'Port'>): CaptureTypeRow['listens'] {
  const usual = rowOf(Type)?.listens;
  return usual === undefined || Port === 0 ? usual : { ...usual, port: Port };
}

/** A text for each thing asked for that the type cannot do. */
export function refusalsOf(capture: {
  readonly [K in Refusable | 'Type']?: Capture[K] | undefined;
}): string[] {
  const { Type: type = '' } = capture;
  const refused = rowOf(type)?.refuses ?? [];
  return refused
    .filter((name) => capture[name])
    .map((name) => `${type} capture doesn't support ${WORDS[name]}`);
}
