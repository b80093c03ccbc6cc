/**
 * The past through the whole: a link that was there a moment ago and flows that ended an hour ago are found by their time, also
 * when the analyzer was killed meanwhile; and an analyzer that keeps no history says so.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pcapHeader, pcapRecord } from '../../core/packet/pcap-file.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';
import { Running } from './harness/process.ts';

const HOUR = 3_600_000;
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** An Ethernet frame with a UDP packet from the port to port 9; enough of it for a flow. */
function udpFrame(port: number): Uint8Array {
  const frame = new Uint8Array(42);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
  frame.set([0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
  frame.set([port >> 8, port & 255, 0, 9, 0, 8, 0, 0], 34);
  return frame;
}

/** A capture file of a packet each from these ports, a second apart. */
function captureOf(firstMs: number, ports: readonly number[]): Uint8Array<ArrayBuffer> {
  const packets = ports.map((port, index) =>
    pcapRecord({ bytes: udpFrame(port), timeMs: firstMs + index * 1_000, subMsNs: 0, wireLength: 42 }),
  );
  return new Uint8Array(Buffer.concat([pcapHeader(1), ...packets]));
}

describe.skipIf(skipUnlessRoot())('what was', () => {
  const link = `ed-h${process.pid % 100_000}`;
  let edgedive: Analyzer;

  beforeAll(async () => {
    edgedive = await startEdgedive();
  });
  afterAll(async () => {
    await edgedive?.stop();
    try {
      ip('link', 'del', link);
    } catch {
      // It is gone, as it should be.
    }
  });

  it('is found at its time: a link that was there a moment ago', async () => {
    const count = (from: string) => edgedive.query<number>(`${from}.V().Has('Name', '${link}').Count()`);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}p`);
    await eventually(async () => expect(await count('G')).toBe(1));
    const then = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 50));
    ip('link', 'del', link);
    await eventually(async () => expect(await count('G')).toBe(0));
    expect(await count(`G.At(${then})`)).toBe(1);
    expect(await edgedive.query(`G.At(${then}).V().Has('Name', '${link}').In().Values('Type')`)).toEqual([
      'host',
    ]);
    expect(await edgedive.query("G.At('-1h').V()")).toEqual([]);

    await edgedive.kill9Analyzer();
    await edgedive.startAnalyzer();
    expect(await count(`G.At(${then})`)).toBe(1);
    expect(await count("G.At(NOW, '10m')")).toBeGreaterThan(0);
  });

  it('is found at its time: flows that ended an hour ago', async () => {
    const then = Date.now() - HOUR;
    const sent = await edgedive.fetch('/api/pcap', {
      method: 'POST',
      body: captureOf(then, [4001, 4002, 4003]),
    });
    expect(sent.status).toBe(202);
    const ports = (time: string) =>
      edgedive.query<number[]>(`${time}.Flows().Has('UDP.B', 9).Sort('Transport.A').Values('Transport.A')`);
    await edgedive.kill9Analyzer();
    await edgedive.startAnalyzer();
    // Ten minutes after its last packet a flow is no longer in any table (flow.expire).
    expect(await ports(`G.At(${then + 1_500})`)).toEqual([4001, 4002]);
    expect(await ports(`G.At(${then + 5_000})`)).toEqual([4001, 4002, 4003]);
    expect(await ports(`G.At(${then + 601_500})`)).toEqual([4003]);
    expect(await edgedive.query(`G.At(${then - 1}).Flows().Has('UDP.B', 9)`)).toEqual([]);
    expect(await ports(`G.Context(${then + 700_000}, 700)`)).toEqual([4001, 4002, 4003]);
    expect(
      await edgedive.query(`G.At(${then + 700_000}, 800).Flows().Has('UDP.B', 9).Metrics().Sum('ABPackets')`),
    ).toBe(3);
  });
});

describe('an analyzer', () => {
  it('that keeps no history answers as the reference does without a store', async () => {
    const edgedive = await startEdgedive({ probe: false, env: { EDGEDIVE_HISTORY: '0' } });
    try {
      await expect(edgedive.query("G.At('-1s').V().Limit(1)")).rejects.toThrow(
        '400 Backend does not support history',
      );
      expect(await edgedive.query('G.V().Count()')).toBe(0);
    } finally {
      await edgedive.stop();
    }
  });

  it('does not start with a history that is none, and says which setting is wrong', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'edgedive-history-'));
    const running = Running.task('start', ['--listen', '127.0.0.1:0', '--state', stateDir, '--no-probe'], {
      EDGEDIVE_HISTORY: '7d',
    });
    expect(await running.end()).toBe(2);
    expect(running.stderr.trim()).toBe('edgedive: EDGEDIVE_HISTORY: time: unknown unit "d" in duration "7d"');
    rmSync(stateDir, { recursive: true, force: true });
  });
});
