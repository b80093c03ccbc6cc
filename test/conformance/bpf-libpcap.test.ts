/**
 * core/bpf against libpcap itself: 2,000 random filters with a fixed seed, accepted or refused alike, and the same
 * packets matched. A longer run with any seed: scripts/bpf-differential.ts.
 */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../core/errors.ts';
import { compareWithLibpcap } from '../../scripts/bpf-differential.ts';
import { loadLibpcap } from '../../scripts/bpf-libpcap.ts';
import type { Libpcap } from '../../scripts/bpf-libpcap.ts';
import { samplePackets } from '../../scripts/bpf-packets.ts';

const captures = new URL('../../../shared/pcap', import.meta.url).pathname;
const seed = 20_260_301;

function load(): Libpcap | undefined {
  try {
    return loadLibpcap();
  } catch (error) {
    console.warn(`skipped, libpcap or koffi cannot be loaded: ${messageOf(error)}`);
    return undefined;
  }
}

const libpcap = load();

describe.skipIf(libpcap === undefined)('core/bpf beside libpcap', () => {
  it('accepts, refuses and matches what libpcap does', { timeout: 60_000 }, () => {
    const packets = samplePackets(existsSync(captures) ? captures : undefined);
    const result = compareWithLibpcap(libpcap!, packets, 2_000, seed);
    expect(result.differences).toEqual([]);
    // The run means something: many filters ran, and packets fell on both sides.
    expect(result.accepted).toBeGreaterThan(900);
    expect(result.matches).toBeGreaterThan(result.verdicts / 20);
    expect(result.matches).toBeLessThan(result.verdicts / 2);
  });
});
