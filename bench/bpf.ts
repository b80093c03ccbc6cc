/**
 * Packet filters: matches per second of core/bpf, beside libpcap's `pcap_offline_filter` called through koffi over
 * the same packets in the same run (the cost of the call from JavaScript included; libpcap's own loop over a capture
 * has no such cost).
 *
 *   npm run bench -- bpf [--json FILE] [--seconds N]
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileBpf } from '../core/bpf/bpf.ts';
import { messageOf } from '../core/errors.ts';
import { loadLibpcap } from '../scripts/bpf-libpcap.ts';
import type { Libpcap, LibpcapFilter } from '../scripts/bpf-libpcap.ts';
import { samplePackets } from '../scripts/bpf-packets.ts';

interface Row {
  readonly filter: string;
  readonly matchesPerSecond: number;
  readonly baselinePerSecond?: number;
  /** Ours divided by the baseline's. */
  readonly ratio?: number;
}

type Packets = readonly { readonly bytes: Uint8Array; readonly wireLength: number }[];

const FILTERS = [
  'tcp port 80',
  'host 10.0.0.1 and not port 22',
  'udp and dst portrange 5000-6000',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and net 10.0.0.0/8',
  'vlan 100 and ip6 or icmp6[icmp6type] = icmp6-echo or arp',
];
const ETHERNET = 1;
const WARM_UP_MS = 200;
/** Passes between two looks at the clock. */
const PASSES = 20;

/** Packets a second of `pass`, which handles all of them and returns how many matched. */
function measure(count: number, seconds: number, pass: () => number): { perSecond: number; matched: number } {
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) pass();
  let matched = 0;
  let passes = 0;
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    for (let repeat = 0; repeat < PASSES; repeat++) matched = pass();
    passes += PASSES;
  }
  return { perSecond: (passes * count * 1000) / (performance.now() - started), matched };
}

function libpcapOrTell(): Libpcap | undefined {
  try {
    return loadLibpcap();
  } catch (error) {
    process.stdout.write(`no baseline, libpcap or koffi cannot be loaded: ${messageOf(error)}\n`);
    return undefined;
  }
}

/** Throws when the two do not match the same packets. */
function measureFilter(
  filter: string,
  theirs: LibpcapFilter | undefined,
  packets: Packets,
  seconds: number,
): Row {
  const predicate = compileBpf(filter, ETHERNET);
  const ours = measure(packets.length, seconds, () => {
    let matched = 0;
    for (const { bytes, wireLength } of packets) if (predicate(bytes, 0, bytes.length, wireLength)) matched++;
    return matched;
  });
  const matchesPerSecond = Math.round(ours.perSecond);
  if (theirs === undefined) return { filter, matchesPerSecond };
  const baseline = measure(packets.length, seconds, () => {
    let matched = 0;
    for (const { bytes, wireLength } of packets) if (theirs.matches(bytes, wireLength)) matched++;
    return matched;
  });
  if (ours.matched !== baseline.matched)
    throw new Error(`${filter}: ${ours.matched} match, libpcap says ${baseline.matched}`);
  const baselinePerSecond = Math.round(baseline.perSecond);
  return { filter, matchesPerSecond, baselinePerSecond, ratio: ours.perSecond / baseline.perSecond };
}

const million = (value: number): string => (value / 1e6).toFixed(2).padStart(7);

function lineOf({ filter, matchesPerSecond, baselinePerSecond, ratio }: Row): string {
  const baseline =
    baselinePerSecond === undefined
      ? ''
      : `  libpcap through koffi ${million(baselinePerSecond)} M/s  ${ratio!.toFixed(1)}x`;
  return `${million(matchesPerSecond)} M matches/s${baseline}  ${filter}`;
}

/** Prints the rows; exit status 0. Throws when ours and libpcap do not agree. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'string' }, seconds: { type: 'string', default: '0.7' } },
  });
  const packets = (samplePackets(undefined).get(ETHERNET) ?? []).filter(({ bytes }) => bytes.length >= 42);
  const libpcap = libpcapOrTell();
  const machine = { node: process.version, cpu: cpus()[0]?.model, libpcap: libpcap?.version };
  process.stdout.write(
    `Node ${machine.node}, ${machine.cpu ?? 'unknown CPU'}, ${machine.libpcap ?? 'no libpcap'}; ${packets.length} packets, one core\n`,
  );
  const rows: Row[] = [];
  for (const filter of FILTERS) {
    const theirs = libpcap?.compile(filter, ETHERNET, true);
    if (typeof theirs === 'string') throw new Error(`libpcap refuses ${filter}: ${theirs}`);
    const row = measureFilter(filter, theirs, packets, Number(values.seconds));
    theirs?.free();
    rows.push(row);
    process.stdout.write(`${lineOf(row)}\n`);
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ ...machine, rows }, null, 2)}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
