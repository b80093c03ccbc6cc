/** Files through a real socket: delivery waits for the analyzer, and nothing is dropped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { pcapHeader, pcapRecord } from '../../../core/packet/pcap-file.ts';
import { readConfig, type ProbeConfig } from '../../../probe/config.ts';
import { readFiles } from '../../../probe/files/read-files.ts';
import { createLog } from '../../../probe/log.ts';
import { ethernet, ipv4, udp } from '../../core/packet/frames.ts';
import { FakeAnalyzer, until } from '../link/fake-analyzer.ts';
import { freePort } from '../../e2e/harness/edgedive.ts';

const FLOW_SOCKET = '/ws/probe/flow';
let directory: string;
let analyzer: FakeAnalyzer;
let printed: string[];
let logged: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'edgedive-files-'));
  analyzer = await new FakeAnalyzer(await freePort()).start();
  printed = [];
  logged = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await analyzer.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** A file of so many flows, one packet each. */
function fileOf(name: string, flows: number): string {
  const records = Array.from({ length: flows }, (_, i) => {
    const source = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    const bytes = ethernet(0x0800, ipv4(17, udp(1000, 2000), { source }));
    return pcapRecord({ bytes, wireLength: bytes.length, timeMs: 1_700_000_000_000, subMsNs: 0 });
  });
  const path = join(directory, name);
  writeFileSync(path, Buffer.concat([pcapHeader(1), ...records]));
  return path;
}

function configOf(...files: string[]): ProbeConfig {
  return readConfig(['--analyzer', analyzer.url, '--host-id', 'h1', '--pcap', ...files], {})!;
}

const read = (...files: string[]): Promise<boolean> =>
  readFiles(
    configOf(...files),
    createLog('pcap', (line) => logged.push(line)),
  );

describe('readFiles', () => {
  it('connects as files and not as the host, which may have a probe of its own', async () => {
    expect(await read(fileOf('a.pcap', 3))).toBe(true);
    const hello = analyzer.socket(FLOW_SOCKET)!.hello!;
    expect(hello.host_id).toMatch(/^pcap:\d+@h1$/);
    expect(analyzer.socket(FLOW_SOCKET)!.headers['x-host-id']).toBe(hello.host_id);
  });

  it('delivers every flow once, without node and capture, and says nothing of their end', async () => {
    expect(await read(fileOf('a.pcap', 1_500), fileOf('b.pcap', 2))).toBe(true);
    expect(analyzer.flowIds()).toHaveLength(1_502);
    for (const batch of analyzer.durable) {
      expect(batch.ended).toEqual([]);
      for (const flow of batch.flows)
        expect([flow.NodeTID, flow.CaptureID, flow.FinishType]).toEqual(['', '', 0]);
    }
    expect(printed).toHaveLength(2);
    expect(printed[0]).toMatch(/a\.pcap: 1500 packets, 1500 flows, \d+ bytes in /);
  });

  it('waits for an analyzer that has stopped acknowledging, and then goes on with nothing lost', async () => {
    analyzer.acknowledges = false;
    const flows = 90_000;
    let isDone = false;
    const done = read(fileOf('many.pcap', flows)).then((isGood) => {
      isDone = true;
      return isGood;
    });
    await until('batches in flight', () => analyzer.durable.length === limits.batchesInFlightMax, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isDone).toBe(false);
    expect(analyzer.durable).toHaveLength(limits.batchesInFlightMax);
    analyzer.acknowledges = true;
    analyzer.send(FLOW_SOCKET, { ack: { sequence: analyzer.durable.length } });
    expect(await done).toBe(true);
    expect(analyzer.flowIds()).toHaveLength(flows);
    expect(analyzer.flowsDropped()).toBe(0);
  }, 60_000);

  it('delivers again what a lost connection took with it', async () => {
    let isFirst = true;
    analyzer.accept = () => {
      const isKept = !isFirst;
      isFirst = false;
      return isKept;
    };
    expect(await read(fileOf('a.pcap', 2_500))).toBe(true);
    expect(analyzer.sockets.length).toBeGreaterThan(1);
    expect(new Set(analyzer.flowIds()).size).toBe(2_500);
  });

  it('is false when one file cannot be read, and names it', async () => {
    const missing = join(directory, 'missing.pcap');
    expect(await read(missing, fileOf('a.pcap', 1))).toBe(false);
    expect(logged.join('')).toContain(`error pcap: ${missing}: ENOENT`);
    expect(analyzer.flowIds()).toHaveLength(1);
  });

  it('fails with the reason when the analyzer cannot be reached', async () => {
    const file = fileOf('a.pcap', 1);
    const config = configOf(file);
    await analyzer.kill();
    await expect(
      readFiles(
        config,
        createLog('pcap', () => {}),
        500,
      ),
    ).rejects.toThrow(/^no connection to the analyzer: connect ECONNREFUSED/);
  });
});
