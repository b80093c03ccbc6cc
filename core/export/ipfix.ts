/**
 * Flows as IPFIX (RFC 7011; elements of IANA's registry, the other direction by RFC 5103), in messages that fit one datagram. A record tells what a flow
 * grew by since it was told last, so that whoever collects adds them up.
 *
 *   message: version(2) = 10, length(2), export time(4, s), sequence(4), domain(4), then sets
 *   set:     id(2), length(2), then templates (id 2) or records of one template
 */
import { FlowFinishType, FlowProtocol, type Flow, type FlowMetric } from '../../proto/gen/flow.ts';
import { Element, REVERSE_ENTERPRISE } from '../exporter/template.ts';
import { parseIpv4 } from '../ip.ts';
import { parseIpv6, parseMac } from '../bpf/addresses.ts';

/** Beside what our own collector reads. */
const { octetDeltaCount, packetDeltaCount } = Element;
const MORE = { ipVersion: 60, flowEndReason: 136, observationPointId: 138, flowId: 148 } as const;

interface Field {
  readonly id: number;
  readonly bytes: number;
  readonly isReverse?: boolean;
}

const TAIL: readonly Field[] = [
  { id: Element.flowStartMilliseconds, bytes: 8 },
  { id: Element.flowEndMilliseconds, bytes: 8 },
  { id: packetDeltaCount, bytes: 8 },
  { id: octetDeltaCount, bytes: 8 },
  { id: packetDeltaCount, bytes: 8, isReverse: true },
  { id: octetDeltaCount, bytes: 8, isReverse: true },
  { id: Element.sourceMacAddress, bytes: 6 },
  { id: Element.destinationMacAddress, bytes: 6 },
  { id: Element.vlanId, bytes: 2 },
  { id: MORE.flowEndReason, bytes: 1 },
  { id: MORE.flowId, bytes: 8 },
  { id: MORE.observationPointId, bytes: 4 },
];
const PORTS: readonly Field[] = [
  { id: Element.sourceTransportPort, bytes: 2 },
  { id: Element.destinationTransportPort, bytes: 2 },
  { id: Element.protocolIdentifier, bytes: 1 },
  { id: MORE.ipVersion, bytes: 1 },
];
/** Template id → its fields, in the order in which a record is written. */
const TEMPLATES = {
  ipv4: {
    id: 256,
    fields: [
      { id: Element.sourceIPv4Address, bytes: 4 },
      { id: Element.destinationIPv4Address, bytes: 4 },
      ...PORTS,
      ...TAIL,
    ] as readonly Field[],
  },
  ipv6: {
    id: 257,
    fields: [
      { id: Element.sourceIPv6Address, bytes: 16 },
      { id: Element.destinationIPv6Address, bytes: 16 },
      ...PORTS,
      ...TAIL,
    ] as readonly Field[],
  },
  link: { id: 258, fields: TAIL },
} as const;
type Kind = keyof typeof TEMPLATES;

const VERSION = 10;
const HEADER_BYTES = 16;
const SET_HEADER_BYTES = 4;
const TEMPLATE_SET = 2;
const ENTERPRISE_BIT = 0x8000;

/** IANA "Protocol Numbers". */
const PROTOCOL: Readonly<Partial<Record<FlowProtocol, number>>> = {
  [FlowProtocol.TCP]: 6,
  [FlowProtocol.UDP]: 17,
  [FlowProtocol.SCTP]: 132,
};
/** Of layers that are neither a transport nor ICMP to a flow; the last of its path decides. */
const PROTOCOL_OF_LAYER: Readonly<Record<string, number>> = { ICMPv4: 1, ICMPv6: 58, GRE: 47, VRRP: 112 };
/** IANA: reserved. For what nobody knows. */
const UNKNOWN_PROTOCOL = 255;
/** IANA "flowEndReason". */
const END = { idle: 1, active: 2, endOfFlow: 3 } as const;

export interface IpfixOptions {
  /** Observation domain: with the exporter's address it tells probes apart. */
  readonly domain: number;
  /** Of one message: what a path takes unfragmented. */
  readonly messageBytesMax: number;
  /** Templates are told again after this, since datagrams get lost (RFC 7011 section 8.4), and after so many records. */
  readonly templatesEveryMs: number;
}

export class IpfixEncoder {
  readonly #options: IpfixOptions;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #emit: (message: Uint8Array) => void;
  #at = HEADER_BYTES;
  /** Where the open set begins, and of which template it is. */
  #set: { readonly kind: Kind; readonly at: number } | undefined;
  /** Records in all messages before this one, modulo 2^32; then with those in it. */
  #sequence = 0;
  #records = 0;
  #templatesMs = -Infinity;

  /** `emit` gets each message when it is full, and the rest at `flush`. */
  constructor(options: IpfixOptions, emit: (message: Uint8Array) => void) {
    this.#options = options;
    this.#bytes = new Uint8Array(options.messageBytesMax);
    this.#view = new DataView(this.#bytes.buffer);
    this.#emit = emit;
  }

  /** `nowMs` in ms since 1970. A flow that grew by nothing since it was told last makes no record; whether it made one. */
  add(flow: Flow, nowMs: number): boolean {
    const metric = flow.LastUpdateMetric ?? flow.Metric;
    if (metric === undefined || metric.ABPackets + metric.BAPackets === 0) return false;
    if (this.#at === HEADER_BYTES && nowMs - this.#templatesMs >= this.#options.templatesEveryMs) {
      this.#templatesMs = nowMs;
      this.#writeTemplates();
    }
    const addresses = addressesOf(flow);
    const { kind } = addresses;
    const bytes = RECORD_BYTES[kind] + (this.#set?.kind === kind ? 0 : SET_HEADER_BYTES);
    if (this.#at + bytes > this.#bytes.length) this.flush(nowMs);
    if (this.#set?.kind !== kind) this.#openSet(kind);
    if (addresses.kind !== 'link') {
      this.#put(addresses.a);
      this.#put(addresses.b);
      this.#writePorts(flow, kind === 'ipv4' ? 4 : 6);
    }
    this.#writeTail(flow, metric);
    this.#records++;
    return true;
  }

  /** Sends what there is. */
  flush(nowMs: number): void {
    this.#closeSet();
    if (this.#at === HEADER_BYTES) return;
    const view = this.#view;
    view.setUint16(0, VERSION);
    view.setUint16(2, this.#at);
    view.setUint32(4, Math.floor(nowMs / 1_000));
    view.setUint32(8, this.#sequence);
    view.setUint32(12, this.#options.domain);
    this.#emit(this.#bytes.slice(0, this.#at));
    this.#sequence = (this.#sequence + this.#records) >>> 0;
    this.#records = 0;
    this.#at = HEADER_BYTES;
  }

  #writeTemplates(): void {
    const begin = this.#at;
    this.#u16(TEMPLATE_SET);
    this.#at += 2;
    for (const { id, fields } of Object.values(TEMPLATES)) {
      this.#u16(id);
      this.#u16(fields.length);
      for (const field of fields) {
        this.#u16(field.isReverse === true ? field.id | ENTERPRISE_BIT : field.id);
        this.#u16(field.bytes);
        if (field.isReverse === true) this.#u32(REVERSE_ENTERPRISE);
      }
    }
    this.#view.setUint16(begin + 2, this.#at - begin);
  }

  #openSet(kind: Kind): void {
    this.#closeSet();
    this.#set = { kind, at: this.#at };
    this.#u16(TEMPLATES[kind].id);
    this.#at += 2;
  }

  #closeSet(): void {
    if (this.#set === undefined) return;
    this.#view.setUint16(this.#set.at + 2, this.#at - this.#set.at);
    this.#set = undefined;
  }

  #writePorts({ Transport, LayersPath }: Flow, version: number): void {
    this.#u16(Transport?.A ?? 0);
    this.#u16(Transport?.B ?? 0);
    this.#u8(PROTOCOL[Transport?.Protocol ?? FlowProtocol.ETHERNET] ?? protocolOf(LayersPath));
    this.#u8(version);
  }

  #writeTail(flow: Flow, metric: FlowMetric): void {
    this.#u64(metric.Start || flow.Start);
    this.#u64(metric.Last || flow.Last);
    this.#u64(metric.ABPackets);
    this.#u64(metric.ABBytes);
    this.#u64(metric.BAPackets);
    this.#u64(metric.BABytes);
    this.#put(macBytes(flow.Link?.A ?? ''));
    this.#put(macBytes(flow.Link?.B ?? ''));
    this.#u16((flow.Link?.ID ?? 0) & 0xfff);
    this.#u8(endReason(flow.FinishType));
    const [high, low] = wordsOf(flow.UUID);
    this.#u32(high);
    this.#u32(low);
    this.#u32(hashOf(flow.NodeTID));
  }

  #put(bytes: ArrayLike<number>): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #u64(value: number): void {
    this.#view.setUint32(this.#at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(this.#at + 4, value >>> 0);
    this.#at += 8;
  }
}

const bytesOf = (fields: readonly Field[]): number => fields.reduce((sum, { bytes }) => sum + bytes, 0);
const RECORD_BYTES: Readonly<Record<Kind, number>> = {
  ipv4: bytesOf(TEMPLATES.ipv4.fields),
  ipv6: bytesOf(TEMPLATES.ipv6.fields),
  link: bytesOf(TEMPLATES.link.fields),
};
const MAC_BYTES = 6;
const NO_MAC: readonly number[] = [0, 0, 0, 0, 0, 0];

type Addresses =
  | { readonly kind: 'ipv4' | 'ipv6'; readonly a: Uint8Array; readonly b: Uint8Array }
  | { readonly kind: 'link' };

function addressesOf({ Network }: Flow): Addresses {
  if (Network === undefined) return { kind: 'link' };
  const kind = Network.Protocol === FlowProtocol.IPV6 ? 'ipv6' : 'ipv4';
  const [a, b] = [Network.A, Network.B].map((text) =>
    kind === 'ipv6' ? bytesOfWords(parseIpv6(text)) : ipv4Bytes(text),
  );
  return a === undefined || b === undefined ? { kind: 'link' } : { kind, a, b };
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const word = parseIpv4(text);
  return bytesOfWords(word === undefined ? undefined : [word]);
}

function bytesOfWords(words: readonly number[] | undefined): Uint8Array | undefined {
  return (
    words && Uint8Array.from(words.flatMap((word) => [24, 16, 8, 0].map((bits) => (word >>> bits) & 255)))
  );
}

/** Zeros for what is none. */
function macBytes(text: string): readonly number[] {
  const bytes = parseMac(text);
  return bytes.length === MAC_BYTES ? bytes : NO_MAC;
}

function protocolOf(layersPath: string): number {
  const layer = layersPath.slice(layersPath.lastIndexOf('/') + 1);
  return PROTOCOL_OF_LAYER[layer] ?? UNKNOWN_PROTOCOL;
}

function endReason(finish: FlowFinishType): number {
  if (finish === FlowFinishType.NOT_FINISHED) return END.active;
  return finish === FlowFinishType.TIMEOUT ? END.idle : END.endOfFlow;
}

/** A flow's UUID is a number of 64 bits in hexadecimal. */
function wordsOf(uuid: string): [high: number, low: number] {
  if (!/^[0-9a-f]{16}$/.test(uuid)) return [0, hashOf(uuid)];
  return [Number.parseInt(uuid.slice(0, 8), 16), Number.parseInt(uuid.slice(8), 16)];
}

/** FNV-1a of 32 bits; 0 for an empty text, as RFC 7011 has it for what is not told. */
function hashOf(text: string): number {
  if (text === '') return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
