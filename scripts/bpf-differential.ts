/**
 * Holds core/bpf against libpcap: random filters (bpf-grammar.ts), accepted or refused alike, and the same set of
 * matching packets (bpf-packets.ts). Every difference is printed; the exit status is 1 when there is any.
 *
 *   node scripts/bpf-differential.ts [filters=20000] [seed=random] [directory=../shared/pcap]
 */
import { existsSync } from 'node:fs';
import { BpfError, compileBpf, parseBpf } from '../core/bpf/bpf.ts';
import { randomFilter, randomFrom } from './bpf-grammar.ts';
import { loadLibpcap } from './bpf-libpcap.ts';
import type { Libpcap, LibpcapFilter } from './bpf-libpcap.ts';
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

/**
 * Compares `count` random filters; the same seed gives the same filters. Accepted or refused: `parseBpf` with libpcap
 * on an interface, `compileBpf` with libpcap on a capture file; the verdicts are those of the latter.
 */
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
    const live = libpcap.compile(filter, linkType, false);
    const reason = refusalOf(() => parseBpf(filter, linkType));
    agree(live, reason, 'for an interface', differ);
    if (typeof live !== 'string') live.free();

    const stored = libpcap.compile(filter, linkType, true);
    let predicate: ReturnType<typeof compileBpf> | undefined;
    const storedReason = refusalOf(() => (predicate = compileBpf(filter, linkType)));
    agree(stored, storedReason, 'for a file', differ);
    if (typeof stored === 'string') continue;
    if (predicate !== undefined) {
      accepted++;
      for (const { bytes, wireLength, name } of packets.get(linkType) ?? []) {
        verdicts++;
        const expected = stored.matches(bytes, wireLength);
        if (expected) matches++;
        if (predicate(bytes, 0, bytes.length, wireLength) === expected) continue;
        differ(`${name}: libpcap ${expected ? 'matches' : 'does not match'}`);
        break;
      }
    }
    stored.free();
  }
  return { filters: count, accepted, verdicts, matches, differences };
}

/** Notes when one side accepts what the other refuses. */
function agree(
  theirs: LibpcapFilter | string,
  ours: string | undefined,
  where: string,
  differ: (what: string) => void,
): void {
  if (typeof theirs === 'string' && ours === undefined) differ(`${where}: libpcap alone refuses: ${theirs}`);
  if (typeof theirs !== 'string' && ours !== undefined) differ(`${where}: we alone refuse: ${ours}`);
}

function refusalOf(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    // Anything else is a fault of ours.
    if (!(error instanceof BpfError)) throw error;
    return error.message;
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
