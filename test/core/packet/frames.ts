/** Builds packets from their headers, outermost first; lengths are filled in, checksums stay 0. */

export function hex(text: string): Uint8Array {
  const digits = text.replace(/[^0-9a-f]/gi, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function shorts(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [(value >> 8) & 255, value & 255]));
}

export const MAC_A = '02 00 00 00 00 0a';
export const MAC_B = '02 00 00 00 00 0b';

/** Ethernet II. */
export function ethernet(etherType: number, payload: Uint8Array, source = MAC_A, target = MAC_B): Uint8Array {
  return join(hex(target), hex(source), shorts(etherType), payload);
}

export function vlan(id: number, etherType: number, payload: Uint8Array): Uint8Array {
  return join(shorts(id, etherType), payload);
}

export interface Ipv4Fields {
  readonly source?: string;
  readonly target?: string;
  readonly id?: number;
  /** Fragment offset in bytes. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly ttl?: number;
  readonly options?: Uint8Array;
}

function dotted(text: string): Uint8Array {
  return Uint8Array.from(text.split('.').map(Number));
}

export function ipv4(protocol: number, payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const fragment = (fields.more ? 0x2000 : 0) | ((fields.offset ?? 0) / 8);
  return join(
    Uint8Array.of(0x45 + options.length / 4, 0),
    shorts(20 + options.length + payload.length, fields.id ?? 1, fragment),
    Uint8Array.of(fields.ttl ?? 64, protocol, 0, 0),
    dotted(fields.source ?? '10.1.0.1'),
    dotted(fields.target ?? '10.1.0.2'),
    options,
    payload,
  );
}

/** Addresses fd00::`source` and fd00::`target`. */
export function ipv6(next: number, payload: Uint8Array, source = 1, target = 2): Uint8Array {
  const address = (host: number) => join(hex('fd00'), new Uint8Array(12), shorts(host));
  return join(
    hex('60000000'),
    shorts(payload.length),
    Uint8Array.of(next, 64),
    address(source),
    address(target),
    payload,
  );
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

export interface TcpFields {
  readonly source?: number;
  readonly target?: number;
  readonly seq?: number;
  readonly flags?: number;
}

export function tcp(fields: TcpFields = {}, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const seq = fields.seq ?? 0;
  return join(
    shorts(fields.source ?? 40_000, fields.target ?? 80, seq >>> 16, seq & 0xffff, 0, 0),
    Uint8Array.of(0x50, fields.flags ?? ACK, 1, 0, 0, 0, 0, 0),
    payload,
  );
}

export function udp(source: number, target: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return join(shorts(source, target, 8 + payload.length, 0), payload);
}

export function icmp(type: number, code: number, id: number): Uint8Array {
  return join(Uint8Array.of(type, code), shorts(0, id, 1), new Uint8Array(8));
}

/** Without optional fields, or with a key. */
export function gre(protocol: number, payload: Uint8Array, key?: number): Uint8Array {
  if (key === undefined) return join(shorts(0, protocol), payload);
  return join(shorts(0x2000, protocol, key >>> 16, key & 0xffff), payload);
}

export function vxlan(vni: number, payload: Uint8Array): Uint8Array {
  return join(hex('08000000'), Uint8Array.of(vni >> 16, vni >> 8, vni, 0), payload);
}

export function geneve(vni: number, protocol: number, payload: Uint8Array): Uint8Array {
  return join(Uint8Array.of(0, 0), shorts(protocol), Uint8Array.of(vni >> 16, vni >> 8, vni, 0), payload);
}

export function mpls(label: number, isBottom: boolean, payload: Uint8Array): Uint8Array {
  const word = (label << 12) | (isBottom ? 0x100 : 0) | 64;
  return join(shorts(word >>> 16, word & 0xffff), payload);
}
