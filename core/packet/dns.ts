/**
 * DNS messages (RFC 1035, EDNS RFC 6891): whether a packet is one (that decides the path) and, when asked for, the
 * DNS layer of a flow with texts as the reference spells them. Names are bounded by RFC 1035's 255 bytes, pointers by
 * {@link POINTERS_MAX}, kept records by `dnsRecordsMax`; the message's own counters keep counting.
 */
import { createDNS, createDNSResourceRecord } from '../../proto/gen/flow.ts';
import type { DNS, DNSOPT, DNSResourceRecord } from '../../proto/gen/flow.ts';
import { formatIpv4, formatIpv6 } from '../ip.ts';
import { limits } from '../limits.ts';
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const NAME_BYTES_MAX = 255;
const POINTERS_MAX = 128;
const RECORDS_MAX = limits.dnsRecordsMax;

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  3: 'MD',
  4: 'MF',
  5: 'CNAME',
  6: 'SOA',
  7: 'MB',
  8: 'MG',
  9: 'MR',
  10: 'NULL',
  11: 'WKS',
  12: 'PTR',
  13: 'HINFO',
  14: 'MINFO',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  41: 'OPT',
};
const CLASSES: Readonly<Record<number, string>> = { 1: 'IN', 2: 'CS', 3: 'CH', 4: 'HS', 255: 'Any' };
const OP_CODES: Readonly<Record<number, string>> = {
  0: 'Query',
  1: 'Inverse Query',
  2: 'Status',
  4: 'Notify',
  5: 'Update',
};
const RESPONSE_CODES = [
  'No Error',
  'Format Error',
  // The blank is the reference's.
  'Server Failure ',
  'Non-Existent Domain',
  'Not Implemented',
  'Query Refused',
  'Name Exists when it should not',
  'RR Set Exists when it should not',
  'RR Set that should exist does not',
  'Server Not Authoritative for zone',
  'Name not contained in zone',
];
const OPTION_CODES: Readonly<Record<number, string>> = {
  3: 'NSID',
  5: 'DAU',
  6: 'DHU',
  7: 'N3U',
  8: 'EDNSClientSubnet',
  9: 'EDNSExpire',
  10: 'Cookie',
  11: 'EDNSKeepAlive',
  12: 'CodePadding',
  13: 'CodeChain',
  14: 'CodeEDNSKeyTag',
  16: 'EDNSClientTag',
  17: 'EDNSServerTag',
  26946: 'DeviceID',
};
const UNKNOWN = 'Unknown';
const decoder = new TextDecoder();

/** Reads one message; every read is checked, a failed one sets `isBroken` and yields nothing. */
class DnsReader {
  at = 0;
  isBroken = false;
  private readonly bytes: Uint8Array;
  private readonly keep: boolean;

  /** `bytes` is the message alone. With `keep` texts are made, without it only checked. */
  constructor(bytes: Uint8Array, keep: boolean) {
    this.bytes = bytes;
    this.keep = keep;
  }

  short(): number {
    const { bytes, at } = this;
    if (at + 2 > bytes.length) this.isBroken = true;
    this.at += 2;
    return this.isBroken ? 0 : (bytes[at]! << 8) | bytes[at + 1]!;
  }

  word(): number {
    return this.short() * 65_536 + this.short();
  }

  text(from: number, to: number): string {
    return this.keep ? decoder.decode(this.bytes.subarray(from, to)) : '';
  }

  /** A name at `at`, labels joined by dots; steps behind it. */
  name(): string {
    const { bytes } = this;
    let at = this.at;
    let behind = -1;
    let length = 0;
    let pointers = 0;
    const labels: string[] = [];
    for (;;) {
      if (at >= bytes.length) return this.broken();
      const head = bytes[at]!;
      if (head === 0) {
        if (behind < 0) behind = at + 1;
        break;
      }
      if ((head & 0xc0) === 0xc0) {
        if (at + 2 > bytes.length || ++pointers > POINTERS_MAX) return this.broken();
        if (behind < 0) behind = at + 2;
        at = ((head & 0x3f) << 8) | bytes[at + 1]!;
        continue;
      }
      length += head + 1;
      if (head > 63 || at + 1 + head > bytes.length || length > NAME_BYTES_MAX) return this.broken();
      if (this.keep) labels.push(this.text(at + 1, at + 1 + head));
      at += 1 + head;
    }
    this.at = behind;
    return labels.join('.');
  }

  private broken(): string {
    this.isBroken = true;
    return '';
  }

  /** Strings with a length byte each, up to `end`. */
  strings(end: number): string[] {
    const texts: string[] = [];
    while (this.at < end && !this.isBroken) {
      const next = this.at + 1 + this.bytes[this.at]!;
      if (next > end) this.isBroken = true;
      else texts.push(this.text(this.at + 1, next));
      this.at = next;
    }
    return texts;
  }

  /** An address of as many bytes as the record has. */
  address(end: number): string {
    if (!this.keep) return '';
    if (end - this.at === 4) return formatIpv4(this.bytes, this.at);
    if (end - this.at === 16) return formatIpv6(this.bytes, this.at);
    // What Go prints for an address of another length.
    let hex = '';
    for (let i = this.at; i < end; i++) hex += this.bytes[i]!.toString(16).padStart(2, '0');
    return hex === '' ? '<nil>' : `?${hex}`;
  }

  options(end: number): DNSOPT[] {
    const options: DNSOPT[] = [];
    while (this.at < end && !this.isBroken) {
      const code = this.short();
      const length = this.short();
      if (this.at + length > end) this.isBroken = true;
      else options.push({ Code: OPTION_CODES[code] ?? UNKNOWN, Data: this.text(this.at, this.at + length) });
      this.at += length;
    }
    return options;
  }

  record(): DNSResourceRecord | undefined {
    const name = this.name();
    const type = this.short();
    const dnsClass = this.short();
    const ttl = this.word();
    const length = this.short();
    const end = this.at + length;
    if (this.isBroken || end > this.bytes.length) {
      this.isBroken = true;
      return undefined;
    }
    const record = createDNSResourceRecord({
      name,
      type: TYPES[type] ?? UNKNOWN,
      class: CLASSES[dnsClass] ?? UNKNOWN,
      TTL: ttl,
      data_length: length,
    });
    const isKept = this.data(record, type, end);
    this.at = end;
    return isKept ? record : undefined;
  }

  /** The data of a record; false for a type that is not shown. */
  private data(record: DNSResourceRecord, type: number, end: number): boolean {
    switch (TYPES[type] ?? UNKNOWN) {
      case 'A':
      case 'AAAA':
        record.IP = this.address(end);
        return true;
      case 'NS':
        record.NS = this.name();
        return true;
      case 'CNAME':
        record.CNAME = this.name();
        return true;
      case 'PTR':
        record.PTR = this.name();
        return true;
      case 'TXT':
      case 'HINFO':
        record.TXTs = this.strings(end);
        return true;
      case 'SOA':
        record.SOA = {
          MName: this.name(),
          RName: this.name(),
          serial: this.word(),
          refresh: this.word(),
          retry: this.word(),
          expire: this.word(),
          minimum: this.word(),
        };
        return true;
      case 'SRV':
        record.SRV = { priority: this.short(), weight: this.short(), port: this.short(), name: this.name() };
        return true;
      case 'MX':
        record.MX = { preference: this.short(), name: this.name() };
        return true;
      case 'OPT':
        record.OPT = this.options(end);
        return true;
      default:
        return false;
    }
  }

  records(count: number): DNSResourceRecord[] {
    const kept: DNSResourceRecord[] = [];
    for (let i = 0; i < count && !this.isBroken; i++) {
      const record = this.record();
      if (this.keep && record !== undefined && kept.length < RECORDS_MAX) kept.push(record);
    }
    return kept;
  }
}

/** The message in bytes[at, end), without its time; undefined when it is malformed. */
function parse(bytes: Uint8Array, at: number, end: number, keep: boolean): DNS | undefined {
  if (end - at < 12) return undefined;
  const message = bytes.subarray(at, end);
  const reader = new DnsReader(message, keep);
  const flags = message[2]!;
  const more = message[3]!;
  const dns = createDNS({
    ID: reader.short(),
    QR: (flags & 0x80) !== 0,
    op_code: OP_CODES[(flags >> 3) & 15] ?? UNKNOWN,
    AA: (flags & 0x04) !== 0,
    TC: (flags & 0x02) !== 0,
    RD: (flags & 0x01) !== 0,
    RA: (more & 0x80) !== 0,
    z: (more >> 4) & 7,
    response_code: RESPONSE_CODES[more & 15] ?? UNKNOWN,
  });
  reader.at = 4;
  dns.QDCount = reader.short();
  dns.ANCount = reader.short();
  dns.NSCount = reader.short();
  dns.ARCount = reader.short();
  for (let i = 0; i < dns.QDCount && !reader.isBroken; i++) {
    const name = reader.name();
    const type = TYPES[reader.short()] ?? UNKNOWN;
    const dnsClass = CLASSES[reader.short()] ?? UNKNOWN;
    if (keep && dns.questions.length < RECORDS_MAX) dns.questions.push({ name, type, class: dnsClass });
  }
  dns.answers = reader.records(dns.ANCount);
  dns.authorities = reader.records(dns.NSCount);
  dns.additionals = reader.records(dns.ARCount);
  return reader.isBroken ? undefined : dns;
}

export function decodeDns(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (parse(bytes, at, end, false) !== undefined) layers.push(LayerType.DNS, end - at);
}

/** The DNS layer of a flow from a packet of that time; undefined when the message is malformed. */
export function readDns(
  bytes: Uint8Array,
  at: number,
  end: number,
  timeMs: number,
  subMsNs: number,
): DNS | undefined {
  const dns = parse(bytes, at, end, true);
  if (dns === undefined) return undefined;
  const seconds = Math.floor(timeMs / 1000);
  dns.timestamp = { seconds, nanos: (timeMs - seconds * 1000) * 1e6 + subMsNs };
  return dns;
}
