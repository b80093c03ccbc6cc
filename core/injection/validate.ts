/**
 * From the members that a client sent to an injection that can be planned: field rules first (all broken ones, one a line),
 * then type and mode, each with the reference's text (REST section 11 of the reference notes).
 */
import { isIpAddress, parsePrefix } from '../gremlin/ip.ts';
import { limits } from '../limits.ts';
import { PcapError, PcapReader } from '../packet/pcap-file.ts';
import { fromBase64 } from '../wire/go-json.ts';
import { decodeMembers, InputError, type MemberKind } from '../wire/json-input.ts';
import {
  INJECTION_MODES,
  INJECTION_TYPES,
  type InjectionMode,
  type InjectionRequest,
  type InjectionType,
} from './injection.ts';

const MEMBERS = {
  Src: 'string',
  Dst: 'string',
  SrcIP: 'string',
  DstIP: 'string',
  SrcMAC: 'string',
  DstMAC: 'string',
  SrcPort: 'uint16',
  DstPort: 'uint16',
  Type: 'string',
  Payload: 'string',
  ICMPID: 'uint16',
  Count: 'uint64',
  Interval: 'uint64',
  Mode: 'string',
  IncrementPayload: 'int',
  StartTime: 'string',
  Pcap: 'string',
  TTL: 'uint8',
} as const satisfies Record<string, MemberKind>;

const NO_TIME = '0001-01-01T00:00:00Z';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** A day: nobody waits longer for the next packet. */
const INTERVAL_MS_MAX = 86_400_000;

/** `errors` holds every broken rule, never empty. Throws InputError when a member has the wrong kind. */
export function readInjection(
  input: unknown,
): { readonly injection: InjectionRequest } | { readonly errors: readonly string[] } {
  const members = decodeMembers(input, MEMBERS);
  const request: InjectionRequest = {
    Src: '',
    Dst: '',
    SrcIP: '',
    DstIP: '',
    SrcMAC: '',
    DstMAC: '',
    SrcPort: 0,
    DstPort: 0,
    Payload: '',
    ICMPID: 0,
    Count: 0,
    Interval: 0,
    IncrementPayload: 0,
    TTL: 0,
    ...members,
    Type: (members.Type ?? '') as InjectionType,
    Mode: (members.Mode ?? '') as InjectionMode,
    StartTime: members.StartTime ?? NO_TIME,
    Pcap: members.Pcap ?? null,
  };
  if (!TIME.test(request.StartTime) || Number.isNaN(Date.parse(request.StartTime)))
    throw new InputError(`parse error: no RFC 3339 time: ${JSON.stringify(request.StartTime)}`);
  const errors = brokenRules(request);
  if (errors.length > 0) return { errors };
  if (!INJECTION_TYPES.includes(request.Type)) return { errors: ['given type is not supported'] };
  if (!INJECTION_MODES.includes(request.Mode)) return { errors: ['given mode is not supported'] };
  return { injection: request };
}

function brokenRules(request: InjectionRequest): string[] {
  const broken: string[] = [];
  for (const name of ['SrcIP', 'DstIP'] as const) {
    const text = ipRule(request[name], request.Type);
    if (text !== undefined) broken.push(`${name}: ${text}`);
  }
  for (const name of ['SrcMAC', 'DstMAC'] as const)
    if (request[name] !== '' && parseMac(request[name]) === undefined)
      broken.push(`${name}: Not a MAC address`);
  if (request.Count > limits.injectionPacketsMax)
    broken.push(`Count: at most ${limits.injectionPacketsMax} packets`);
  if (request.Interval > INTERVAL_MS_MAX) broken.push(`Interval: at most ${INTERVAL_MS_MAX} ms`);
  const grown = payloadBytesOf(request.Payload) + request.IncrementPayload * (Math.max(1, request.Count) - 1);
  if (request.IncrementPayload < 0) broken.push('IncrementPayload: a payload cannot shrink');
  else if (grown > limits.injectionPayloadBytesMax)
    broken.push(`Payload: at most ${limits.injectionPayloadBytesMax} bytes, here up to ${grown}`);
  const pcap = request.Pcap === null ? undefined : pcapRule(request.Pcap);
  if (pcap !== undefined) broken.push(`Pcap: ${pcap}`);
  return broken;
}

function payloadBytesOf(payload: string): number {
  return new TextEncoder().encode(payload).length;
}

/** An address of the other family can never be sent. */
function ipRule(text: string, type: string): string | undefined {
  if (text === '') return undefined;
  if (!isIpAddress(text) && parsePrefix(text) === undefined) return 'Not a IP or CIDR address';
  const family = text.includes(':') ? '6' : '4';
  const wanted = type.at(-1);
  if ((wanted === '4' || wanted === '6') && wanted !== family) return `Not an IPv${wanted} address`;
  return undefined;
}

/** The whole file is read: it would be too late on the probe. */
function pcapRule(base64: string): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(base64);
  } catch {
    return 'not base64';
  }
  try {
    const reader = new PcapReader();
    let packets = 0;
    for (const _packet of reader.push(bytes)) packets++;
    if (!reader.end()) return 'the file is cut inside a packet';
    return packets === 0 ? 'no packet in the file' : undefined;
  } catch (error) {
    if (error instanceof PcapError) return error.message;
    throw error;
  }
}

/** Six bytes of a MAC with colons, dashes or dots; undefined when it is none. */
export function parseMac(text: string): Uint8Array | undefined {
  const pairs = /^[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}$/i.test(text)
    ? text.split(/[:-]/)
    : undefined;
  const digits =
    pairs?.join('') ?? (/^([\da-f]{4}\.){2}[\da-f]{4}$/i.test(text) ? text.replaceAll('.', '') : '');
  if (digits === '') return undefined;
  return Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
