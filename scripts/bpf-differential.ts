/**
 * Holds core/bpf against libpcap: random filters (bpf-grammar.ts), accepted or refused alike, and the same set of
 * matching packets (bpf-packets.ts). Every difference is printed; the exit status is 1 when there is any.
 *
 *   node scripts/bpf-differential.ts [filters=20000] [seed=random] [directory=../shared/pcap] [--unoptimized]
 */
import { existsSync } from 'node:fs';
import { compileBpf, parseBpf } from '../core/bpf/bpf.ts';
import { messageOf } from '../core/errors.ts';
import { randomFilter, randomFrom } from './bpf-grammar.ts';
import { loadLibpcap } from './bpf-libpcap.ts';
import type { Libpcap } from './bpf-libpcap.ts';
import { samplePackets } from './bpf-packets.ts';
import type { SamplePacket } from './bpf-packets.ts';

export interface Difference {
  readonly filter: string;
  readonly linkType: number;
  readonly what: string;
}

export interface Comparison {
  readonly filters: number;
  readonly accepted: number;
  readonly verdicts: number;
  readonly matches: number;
  readonly differences: readonly Difference[];
}

const linkTypes = [1, 1, 1, 1, 1, 12, 113, 276, 0, 108, 228, 229, 9];

/** Refusals that only reading from memory brings: libpcap's handle here is one for an interface. */
const onlyStored = /reading savefiles/;

/** Compares `count` random filters. The same seed gives the same filters. */
export function compareWithLibpcap(
  libpcap: Libpcap,
  packets: ReadonlyMap<number, readonly SamplePacket[]>,
  count: number,
  seed: number,
): Comparison {
  const random = randomFrom(seed);
  const differences: Difference[] = [];
  let accepted = 0;
  let verdicts = 0;
  let matches = 0;
  for (let index = 0; index < count; index++) {
    const filter = randomFilter(random);
    const linkType = random.pick(linkTypes);
    const differ = (what: string): void => void differences.push({ filter, linkType, what });
    const theirs = libpcap.compile(filter, linkType);
    const ours = attempt(() => parseBpf(filter, linkType));
    if (typeof theirs === 'string') {
      if (typeof ours !== 'string') differ(`libpcap refuses: ${theirs}; we accept`);
      continue;
    }
    if (typeof ours === 'string') {
      differ(`libpcap accepts; we refuse: ${ours}`);
      theirs.free();
      continue;
    }
    accepted++;
    const predicate = attempt(() => compileBpf(filter, linkType));
    if (typeof predicate === 'string') {
      if (!onlyStored.test(predicate)) differ(`compileBpf refuses what parseBpf accepts: ${predicate}`);
      theirs.free();
      continue;
    }
    for (const { bytes, wireLength, name } of packets.get(linkType) ?? []) {
      verdicts++;
      const expected = theirs.matches(bytes, wireLength);
      if (expected) matches++;
      if (predicate(bytes, 0, bytes.length, wireLength) !== expected) {
        differ(`${name}: libpcap ${expected ? 'matches' : 'does not match'}`);
        break;
      }
    }
    theirs.free();
  }
  return { filters: count, accepted, verdicts, matches, differences };
}

function attempt<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    return messageOf(error);
  }
}

if (import.meta.main) {
  const [count = '20000', seedText, directory = '../shared/pcap'] = process.argv.slice(2);
  const seed = seedText === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seedText);
  const libpcap = loadLibpcap();
  const packets = samplePackets(existsSync(directory) ? directory : undefined);
  const sizes = [...packets].map(([linkType, list]) => `${linkType}: ${list.length}`).join(', ');
  console.log(`${libpcap.version}\nseed ${seed}, ${count} filters, packets by link type ${sizes}`);
  const started = performance.now();
  const result = compareWithLibpcap(libpcap, packets, Number(count), seed);
  for (const { filter, linkType, what } of result.differences)
    console.log(`[${linkType}] ${filter}\n    ${what}`);
  console.log(
    `${result.filters} filters, ${result.accepted} accepted, ${result.verdicts} verdicts (${result.matches} matches), ` +
      `${result.differences.length} differences, ${Math.round((performance.now() - started) / 1000)} s`,
  );
  process.exitCode = result.differences.length === 0 ? 0 : 1;
}
