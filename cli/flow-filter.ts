/**
 * From the flags of `flows observe` to the Gremlin that selects flows: the same text filters a query and a stream. Values
 * of one flag are alternatives, different flags must all hold.
 */
import { printParam } from '../core/gremlin/print.ts';
import { parseGoDuration } from '../core/go-duration.ts';
import { usageError } from './errors.ts';

export interface FlowFlags {
  readonly ip?: readonly string[];
  readonly fromIp?: readonly string[];
  readonly toIp?: readonly string[];
  readonly mac?: readonly string[];
  readonly port?: readonly number[];
  readonly fromPort?: readonly number[];
  readonly toPort?: readonly number[];
  readonly protocol?: readonly string[];
  readonly application?: readonly string[];
  readonly capture?: readonly string[];
  readonly gremlin?: string;
}

/** `not`: what flows must not be; each of its values excludes. */
export interface FlowFilter extends FlowFlags {
  readonly not?: FlowFlags;
}

/** Words that mean a transport protocol; every other one is looked for as the application. */
const TRANSPORTS = new Set(['TCP', 'UDP', 'SCTP']);
/** Applications as flows name them, by what people type. */
const APPLICATIONS: Readonly<Record<string, readonly string[]>> = {
  icmp: ['ICMPv4', 'ICMPv6'],
  icmp4: ['ICMPv4'],
  icmp6: ['ICMPv6'],
  dhcp: ['DHCPv4'],
  vrrp: ['VRRPv2'],
};

/** Steps to put behind `G.Flows()`; "" = all flows. `tids` are the nodes that flows must have been captured on. */
export function filterSteps(flags: FlowFilter, tids?: readonly string[]): string {
  const steps = [
    tids === undefined ? '' : has('NodeTID', tids),
    ...predicates(flags),
    ...predicates(flags.not ?? {}).map((step) => (step === '' ? '' : `Not(${step})`)),
    flags.gremlin ?? '',
  ];
  return steps.filter((step) => step !== '').join('.');
}

/** A step for each flag that was given, "" for the others. */
function predicates(flags: FlowFlags): string[] {
  return [
    addresses('Network', flags.ip),
    addresses('Network.A', flags.fromIp),
    addresses('Network.B', flags.toIp),
    has(
      'Link',
      flags.mac?.map((mac) => mac.toLowerCase()),
    ),
    has('Transport', flags.port),
    has('Transport.A', flags.fromPort),
    has('Transport.B', flags.toPort),
    protocols(flags.protocol ?? []),
    has('Application', flags.application),
    has('CaptureID', flags.capture),
  ];
}

function value(of: string | number): string {
  return typeof of === 'number' ? String(of) : printParam({ kind: 'text', value: of, offset: 0 });
}

function has(key: string, values: readonly (string | number)[] | undefined): string {
  if (values === undefined || values.length === 0) return '';
  const [only] = values;
  const wanted = values.length === 1 ? value(only!) : `Within(${values.map(value).join(', ')})`;
  return `Has('${key}', ${wanted})`;
}

/** Addresses, and networks in CIDR notation. */
function addresses(key: string, values: readonly string[] | undefined): string {
  const networks = values?.filter((text) => text.includes('/')) ?? [];
  const others = values?.filter((text) => !text.includes('/'));
  return anyOf([
    has(key, others),
    ...networks.map((network) => `Has('${key}', IPV4Range(${value(network)}))`),
  ]);
}

function anyOf(steps: readonly string[]): string {
  const some = steps.filter((step) => step !== '');
  return some.length > 1 ? `Or(${some.join(', ')})` : (some[0] ?? '');
}

function protocols(words: readonly string[]): string {
  if (words.length === 0) return '';
  const transports = words.map((word) => word.toUpperCase()).filter((word) => TRANSPORTS.has(word));
  const applications = words
    .filter((word) => !TRANSPORTS.has(word.toUpperCase()))
    .flatMap((word) => APPLICATIONS[word.toLowerCase()] ?? [word.toUpperCase()]);
  return anyOf([has('Transport.Protocol', transports), has('Application', applications)]);
}

/** A moment in ms since 1970: a duration before now (`5m`, `1h30m`), a date as in RFC 3339, or seconds since 1970. */
export function readMoment(option: string, text: string, nowMs: number): number {
  if (/^\d{9,}$/.test(text)) return Number(text) * 1_000;
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(date)) return date;
  try {
    return nowMs - parseGoDuration(text);
  } catch {
    throw usageError(
      `${option}: expected a duration (5m), a date (2026-01-31T12:00:00Z) or seconds since 1970`,
    );
  }
}

/** ms since 1970; undefined = open. */
export interface Span {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** Flows with a packet inside the span; "" without one. */
export function spanSteps({ fromMs, toMs }: Span): string {
  return [
    fromMs === undefined ? '' : `Has('Last', Gte(${fromMs}))`,
    toMs === undefined ? '' : `Has('Start', Lte(${toMs}))`,
  ]
    .filter((step) => step !== '')
    .join('.');
}

/** The head of a query of that time; undefined without a span: what is live is asked. */
export function spanStart({ fromMs, toMs }: Span, nowMs: number): string | undefined {
  if (fromMs === undefined) return toMs === undefined ? undefined : `G.At(${toMs})`;
  const seconds = Math.ceil(((toMs ?? nowMs) - fromMs) / 1_000);
  if (seconds <= 0) throw usageError('--since is not before --until');
  return `G.At(${toMs ?? 'NOW'}, ${seconds})`;
}
