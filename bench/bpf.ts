/**
 * Packet filters: matches per second of core/bpf, beside libpcap's `pcap_offline_filter` called through koffi over
 * the same packets in the same run (the cost of the call from JavaScript included; libpcap's own loop over a capture
 * has no such cost).
 *
 *   node bench/bpf.ts
 */
import { cpus } from 'node:os';
import { compileBpf } from '../core/bpf/bpf.ts';
import { messageOf } from '../core/errors.ts';
import { loadLibpcap } from '../scripts/bpf-libpcap.ts';
import type { Libpcap } from '../scripts/bpf-libpcap.ts';
import { samplePackets } from '../scripts/bpf-packets.ts';

const filters = [
  'tcp port 80',
  'host 10.0.0.1 and not port 22',
  'udp and dst portrange 5000-6000',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and net 10.0.0.0/8',
  'vlan 100 and ip6 or icmp6[icmp6type] = icmp6-echo or arp',
];
const secondsEach = 0.7;

const packets = (samplePackets(undefined).get(1) ?? []).filter(({ bytes }) => bytes.length >= 42);

/** Calls per second of `once`, which handles all packets and returns how many matched. */
function rate(once: () => number): { perSecond: number; matched: number } {
  const warmUntil = performance.now() + 200;
  while (performance.now() < warmUntil) once();
  let matched = 0;
  let rounds = 0;
  const started = performance.now();
  while (performance.now() - started < secondsEach * 1000) {
    for (let repeat = 0; repeat < 20; repeat++) matched = once();
    rounds += 20;
  }
  return { perSecond: (rounds * packets.length * 1000) / (performance.now() - started), matched };
}

function loadOrTell(): Libpcap | undefined {
  try {
    return loadLibpcap();
  } catch (error) {
    console.log(`no baseline, libpcap or koffi cannot be loaded: ${messageOf(error)}`);
    return undefined;
  }
}

const libpcap = loadOrTell();
console.log(`${cpus()[0]?.model}, Node ${process.version}, ${libpcap?.version ?? ''}`);
console.log(`${packets.length} packets, million matches a second on one core: ours, libpcap through koffi`);
const million = (value: number): string => (value / 1e6).toFixed(2).padStart(7);
for (const filter of filters) {
  const predicate = compileBpf(filter, 1);
  const ours = rate(() => {
    let matched = 0;
    for (const { bytes, wireLength } of packets) if (predicate(bytes, 0, bytes.length, wireLength)) matched++;
    return matched;
  });
  const theirs = libpcap?.compile(filter, 1, true);
  if (theirs === undefined || typeof theirs === 'string') {
    console.log(`${million(ours.perSecond)}  ${filter}`);
    continue;
  }
  const baseline = rate(() => {
    let matched = 0;
    for (const { bytes, wireLength } of packets) if (theirs.matches(bytes, wireLength)) matched++;
    return matched;
  });
  const agree =
    ours.matched === baseline.matched ? '' : `  DIFFERENT: ${ours.matched} and ${baseline.matched} match`;
  console.log(`${million(ours.perSecond)} ${million(baseline.perSecond)}  ${filter}${agree}`);
  theirs.free();
}
