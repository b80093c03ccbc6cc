/**
 * From the members a client sent to a capture that may be stored: the field rules of REST section 7 and 16 of the
 * reference notes. All broken rules are told at once, one a line, in the order of the table below;
 * the first line has the reference's form `<Member>: <text>`.
 */
import { BpfError, parseBpf } from '../bpf/bpf.ts';
import { messageOf } from '../errors.ts';
import { parseQuery, resultKindOf } from '../gremlin/gremlin.ts';
import { limits } from '../limits.ts';
import { decodeMembers, type MemberKind, type MembersOf } from '../wire/json-input.ts';
import { isAddress } from './address.ts';
import {
  allowsSeveral,
  EXTRA_LAYERS,
  isCaptureType,
  LAYER_KEY_MODES,
  refusalsOf,
  TARGET_TYPES,
} from './capture-types.ts';
import type { Capture } from './capture.ts';

/** The reference's, in the order of its text for an unknown type; `capture-types.ts` takes one more. */
export const CAPTURE_TYPES = [
  'ovssflow',
  'pcapsocket',
  'ovsmirror',
  'dpdk',
  'afpacket',
  'pcap',
  'ebpf',
  'sflow',
  'ovsnetflow',
] as const;
const EXTRA_LAYERS_KNOWN = Object.values(EXTRA_LAYERS).reduce((sum, bit) => sum | bit, 0);
const EXTRA_LAYERS_ALL = 255;

const MEMBERS = {
  GremlinQuery: 'string',
  BPFFilter: 'string',
  Name: 'string',
  Description: 'string',
  Type: 'string',
  Port: 'int',
  SamplingRate: 'uint32',
  PollingInterval: 'uint32',
  RawPacketLimit: 'int',
  HeaderSize: 'int',
  ExtraTCPMetric: 'bool',
  IPDefrag: 'bool',
  ReassembleTCP: 'bool',
  LayerKeyMode: 'string',
  ExtraLayers: 'int',
  Target: 'string',
  TargetType: 'string',
  // Made by us, but a wrong kind is refused as the reference refuses it.
  UUID: 'string',
  Count: 'int',
} as const satisfies Record<string, MemberKind>;
type Members = MembersOf<typeof MEMBERS>;

/** What a client asks for, before it has an id. */
export type CaptureRequest = Omit<Capture, 'UUID' | 'Count'>;

function checkQuery(text: string): string | undefined {
  if (text.length > limits.queryCharsMax)
    return `Not a valid Gremlin expression: longer than ${limits.queryCharsMax} characters`;
  try {
    const kind = resultKindOf(parseQuery(text));
    if (kind === 'nodes' || kind === 'paths') return undefined;
    return `Not a valid Gremlin expression: a capture needs a query that yields nodes, this one yields ${kind}`;
  } catch (error) {
    return `Not a valid Gremlin expression: ${messageOf(error)}`;
  }
}

function checkFilter(text: string): string | undefined {
  try {
    parseBpf(text);
    return undefined;
  } catch (error) {
    const reason = error instanceof BpfError ? error.reason : messageOf(error);
    return `Not a valid BPF expression: ${reason}`;
  }
}

/** One rule a member; each returns the text after `<Member>: `, or nothing. Absent members are not asked. */
const RULES: { readonly [K in keyof Members]?: (value: NonNullable<Members[K]>) => string | undefined } = {
  BPFFilter: checkFilter,
  Type: (type) =>
    isCaptureType(type)
      ? undefined
      : `Not a valid capture type: ${type}, available types: [${CAPTURE_TYPES.join(' ')}]`,
  Port: (port) => (port >= 0 && port <= 65_535 ? undefined : 'A valid port is >= 0 && <= 65535'),
  RawPacketLimit: (limit) =>
    limit >= 0 && limit <= 10 ? undefined : 'A valid raw packet limit size is > 0 && <= 10',
  HeaderSize: (size) =>
    size === 0 || (size >= 14 && size <= 4096) ? undefined : 'A valid header size is >= 14 && <= 4096',
  LayerKeyMode: (mode) =>
    (LAYER_KEY_MODES as readonly string[]).includes(mode) ? undefined : 'Not a valid layer key mode',
  ExtraLayers: (mask) =>
    mask === EXTRA_LAYERS_ALL || (mask >= 0 && mask <= EXTRA_LAYERS_KNOWN)
      ? undefined
      : 'A valid extra layers mask is a sum of 1 (VRRP), 2 (DNS) and 4 (DHCPv4), or 255 (all)',
  Target: (target) => (target === '' || isAddress(target) ? undefined : 'Not a valid address'),
  TargetType: (type) =>
    type === '' || (TARGET_TYPES as readonly string[]).includes(type)
      ? undefined
      : `Not a valid target type: ${type}, available types: [${TARGET_TYPES.join(' ')}]`,
};

function brokenRules(members: Members): string[] {
  const broken: string[] = [];
  // Asked even when absent: it is required, and the empty text does not parse.
  const query = checkQuery(members.GremlinQuery ?? '');
  if (query !== undefined) broken.push(`GremlinQuery: ${query}`);
  for (const name of Object.keys(RULES) as (keyof Members)[]) {
    const value = members[name];
    const rule = RULES[name] as ((value: unknown) => string | undefined) | undefined;
    const text = value === undefined ? undefined : rule?.(value);
    if (text !== undefined) broken.push(`${name}: ${text}`);
  }
  broken.push(...refusalsOf(members));
  return broken;
}

/**
 * Reads a capture from a decoded body. `errors` holds every broken rule, one text each, never empty.
 * Throws InputError when the body is no object or a member has the wrong kind.
 */
export function readCapture(
  input: unknown,
): { readonly capture: CaptureRequest } | { readonly errors: readonly string[] } {
  const { UUID: _uuid, Count: _count, ...members } = decodeMembers(input, MEMBERS);
  const errors = brokenRules(members);
  if (errors.length > 0) return { errors };
  return {
    capture: {
      ...members,
      GremlinQuery: members.GremlinQuery ?? '',
      SamplingRate: members.SamplingRate ?? 0,
      PollingInterval: members.PollingInterval ?? 0,
      ExtraTCPMetric: members.ExtraTCPMetric ?? false,
      IPDefrag: members.IPDefrag ?? false,
      ReassembleTCP: members.ReassembleTCP ?? false,
      LayerKeyMode: members.LayerKeyMode ?? 'L2',
    },
  };
}

/**
 * Two captures with one key are duplicates: the same query text and type, and the same filter unless the type
 * captures a node only once whatever the filter.
 */
export function duplicateKey(capture: CaptureRequest): string {
  const type = capture.Type ?? '';
  const filter = allowsSeveral(type) ? (capture.BPFFilter ?? '') : null;
  return JSON.stringify([capture.GremlinQuery, type, filter]);
}
