/** Probes that keep what they have to tell on disk: one ends while its analyzer is away, the next delivers it, once. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';
import { hasOf, ToldFlows } from './harness/told-flows.ts';

let edgedive: Analyzer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edgedive-outbox-'));
  edgedive = await startEdgedive({ probe: false });
});
afterAll(async () => {
  await edgedive?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('deliver what the run before them left, before what is new, and each flow once', async () => {
  const first = new ToldFlows(edgedive, 'kept', 5, folder);
  for (let turn = 0; turn < 20; turn++) {
    first.tell();
    await delay(10);
  }
  await eventually(() => expect(first.link.status.acknowledged).toBeGreaterThan(0));
  await edgedive.kill9Analyzer();
  for (let turn = 0; turn < 50; turn++) first.tell();
  await first.end();
  expect(first.link.status.queuedBytes).toBeGreaterThan(0);
  await edgedive.startAnalyzer();
  const second = new ToldFlows(edgedive, 'kept', 5, folder);
  for (let turn = 0; turn < 10; turn++) second.tell();
  await eventually(() => {
    expect(second.link.status.acknowledged).toBeGreaterThan(0);
    expect(second.link.status).toMatchObject({ inFlight: 0, queuedBytes: 0, flowsDropped: 0 });
  });
  await second.end();
  // Of both runs the first flows have the same names: the same flow, told by each.
  const told = first.told + second.told;
  expect(await hasOf(edgedive)).toEqual({ logged: told, packets: told, missing: 0 });
  expect(readdirSync(join(folder, 'kept'))).toEqual([]);
});

it('are the probe’s own way with --outbox', async () => {
  const own = join(folder, 'own');
  const probe = Running.task('probe', [
    '--analyzer',
    edgedive.address,
    '--host-id',
    'spooled',
    '--outbox',
    own,
  ]);
  await eventually(() => expect(probe.stderr).toMatch(/flows: connected to /));
  expect(readdirSync(join(own, 'spooled'))).toHaveLength(1);
  expect(await probe.stop('SIGTERM')).toBe(0);
  expect(readdirSync(join(own, 'spooled'))).toEqual([]);
});
