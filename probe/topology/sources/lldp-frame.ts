/**
 * LLDP frames (IEEE 802.1AB) as the graph shows their senders (topology notes, section 14). Pure; no bytes throw.
 *
 *     | destination 6 | source 6 | 0x88cc | type 7 bits, length 9 bits | value … | …
 *
 * First come chassis id, port id and time to live, in this order; an end marks the last. A value that does not fit
 * its frame ends the reading; what was read before it stands.
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { formatIpv4, formatIpv6, formatMac } from '../../../core/ip.ts';

export const ETHERTYPE_LLDP = 0x88cc;

export interface Neighbour {
  readonly chassisId: string;
  readonly chassisIdType: string;
  readonly portId: string;
  readonly portIdType: string;
  /** 0: the sender says goodbye. */
  readonly ttlSeconds: number;
  readonly sysName: string;
  readonly sysDescription: string;
  readonly portDescription: string;
  readonly mgmtAddress: string;
  /** From maximum frame size; undefined when not told. */
  readonly mtu: number | undefined;
  /** Of the standards' own extensions: VLANs, link aggregation. */
  readonly port: Metadata;
}

type IdKind = 'mac' | 'address' | 'text';

/** Names as the reference's packet library prints them. */
const CHASSIS_ID_TYPES: Readonly<Record<number, readonly [string, IdKind]>> = {
  1: ['Chassis Component', 'text'],
  2: ['Interface Alias', 'text'],
  3: ['Port Component', 'text'],
  4: ['MAC Address', 'mac'],
  5: ['Network Address', 'address'],
  6: ['Interface Name', 'text'],
  7: ['Local', 'text'],
};
const PORT_ID_TYPES: Readonly<Record<number, readonly [string, IdKind]>> = {
  1: ['Interface Alias', 'text'],
  2: ['Port Component', 'text'],
  3: ['MAC Address', 'mac'],
  4: ['Network Address', 'address'],
  5: ['Interface Name', 'text'],
  6: ['Agent Circuit ID', 'text'],
  7: ['Local', 'text'],
};

const OUI_8021 = 0x0080c2;
const OUI_8023 = 0x00120f;
/** More VLANs than this of one port are not shown. */
const LIST_MAX = 512;

const decoder = new TextDecoder();

/** Texts may end in NUL. */
function text(bytes: Uint8Array): string {
  return decoder.decode(bytes).replaceAll('\0', '').trim();
}

function short(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** undefined: no LLDP, or without one of the three that must be there. */
export function readLldp(frame: Uint8Array): Neighbour | undefined {
  if (short(frame, 12) !== ETHERTYPE_LLDP) return undefined;
  let chassis: readonly [string, string] | undefined;
  let port: readonly [string, string] | undefined;
  let ttlSeconds: number | undefined;
  const found = { sysName: '', sysDescription: '', portDescription: '', mgmtAddress: '' };
  const extensions = new Extensions();
  for (const { type, value } of values(frame)) {
    if (type === 1) chassis ??= idOf(CHASSIS_ID_TYPES, value);
    else if (type === 2) port ??= idOf(PORT_ID_TYPES, value);
    else if (type === 3 && value.length >= 2) ttlSeconds ??= short(value, 0);
    else if (type === 4) found.portDescription = text(value);
    else if (type === 5) found.sysName = text(value);
    else if (type === 6) found.sysDescription = text(value);
    else if (type === 8) found.mgmtAddress ||= addressOf(value.subarray(1, 1 + (value[0] ?? 0)));
    else if (type === 127) extensions.take(value);
  }
  if (chassis === undefined || port === undefined || ttlSeconds === undefined) return undefined;
  const [chassisIdType, chassisId] = chassis;
  const [portIdType, portId] = port;
  const ids = { chassisId, chassisIdType, portId, portIdType };
  return { ...ids, ttlSeconds, ...found, mtu: extensions.mtu, port: extensions.metadata() };
}

function* values(frame: Uint8Array): Generator<{ type: number; value: Uint8Array }> {
  let at = 14;
  while (at + 2 <= frame.length) {
    const type = frame[at]! >> 1;
    const length = short(frame, at) & 0x1ff;
    if (type === 0 || at + 2 + length > frame.length) return;
    yield { type, value: frame.subarray(at + 2, at + 2 + length) };
    at += 2 + length;
  }
}

/** undefined: empty. */
function idOf(
  types: Readonly<Record<number, readonly [string, IdKind]>>,
  value: Uint8Array,
): [type: string, id: string] | undefined {
  if (value.length < 2) return undefined;
  const [type, kind] = types[value[0]!] ?? ['Reserved', 'text'];
  const id = value.subarray(1);
  if (kind === 'mac') return [type, id.length === 6 ? formatMac(id) : hex(id)];
  if (kind === 'address') return [type, addressOf(id) || hex(id)];
  return [type, isReadable(text(id)) ? text(id) : hex(id)];
}

/** Some vendors put numbers where texts belong. */
function isReadable(id: string): boolean {
  return /^[^\p{C}\ufffd]+$/u.test(id);
}

/** A family (IANA) and an address; "" when it is neither IPv4 nor IPv6. */
function addressOf(bytes: Uint8Array): string {
  if (bytes[0] === 1 && bytes.length === 5) return formatIpv4(bytes, 1);
  if (bytes[0] === 2 && bytes.length === 17) return formatIpv6(bytes, 1);
  return '';
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Organisationally specific values of IEEE 802.1 (annex D) and 802.3 (clause 79). */
class Extensions {
  mtu: number | undefined;
  readonly #single: Record<string, Json> = {};
  readonly #vlanNames: Json[] = [];
  readonly #ppvids: Json[] = [];

  take(value: Uint8Array): void {
    const oui = (short(value, 0) << 8) | (value[2] ?? 0);
    const body = value.subarray(4);
    if (oui === OUI_8021) this.#take8021(value[3] ?? 0, body);
    else if (oui === OUI_8023) this.#take8023(value[3] ?? 0, body);
  }

  metadata(): Metadata {
    return {
      ...this.#single,
      ...(this.#vlanNames.length > 0 ? { VLANNames: this.#vlanNames } : {}),
      ...(this.#ppvids.length > 0 ? { PPVIDs: this.#ppvids } : {}),
    };
  }

  #take8021(subtype: number, body: Uint8Array): void {
    if (subtype === 1 && body.length >= 2) this.#single['PVID'] = short(body, 0);
    else if (subtype === 2 && body.length >= 3 && this.#ppvids.length < LIST_MAX)
      this.#ppvids.push({ Supported: isSet(body[0]!, 1), Enabled: isSet(body[0]!, 2), ID: short(body, 1) });
    else if (subtype === 3 && body.length >= 3 && this.#vlanNames.length < LIST_MAX)
      this.#vlanNames.push({ ID: short(body, 0), Name: text(body.subarray(3, 3 + body[2]!)) });
    else if (subtype === 5 && body.length >= 4)
      this.#single['VIDUsageDigest'] = short(body, 0) * 0x1_0000 + short(body, 2);
    else if (subtype === 6 && body.length >= 2) this.#single['ManagementVID'] = short(body, 0);
    else if (subtype === 7) this.#aggregation(body);
  }

  #take8023(subtype: number, body: Uint8Array): void {
    if (subtype === 3) this.#aggregation(body);
    else if (subtype === 4 && body.length >= 2) this.mtu = short(body, 0);
  }

  #aggregation(body: Uint8Array): void {
    if (body.length < 5) return;
    this.#single['LinkAgggregation'] = {
      Supported: isSet(body[0]!, 0),
      Enabled: isSet(body[0]!, 1),
      PortID: short(body, 1) * 0x1_0000 + short(body, 3),
    };
  }
}

function isSet(flags: number, bit: number): boolean {
  return ((flags >> bit) & 1) === 1;
}
