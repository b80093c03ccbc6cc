/** A disk that is full while flows come: nothing that was acknowledged is lost or spoiled, and all goes on by itself when there is room again. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';
import { loggedOf, ToldFlows } from './harness/told-flows.ts';

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });

describe.skipIf(skipUnlessRoot())('a full disk', () => {
  let disk: string;
  let edgedive: Analyzer;

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'edgedive-disk-'));
    mount('-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk);
    edgedive = await startEdgedive({ probe: false, args: ['--state', join(disk, 'state')] });
  });
  afterAll(async () => {
    await edgedive?.stop();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('is waited for: every flow message is there once in the end', async () => {
    const flows = new ToldFlows(edgedive, 'full', 500);
    const { link } = flows;
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        flows.tell();
        await delay(10);
      }
    })();
    const isTold = (): boolean => /the disk of .* is full: nothing can be written/.test(edgedive.output());
    await eventually(() => expect(isTold()).toBe(true), { timeoutMs: 60_000 });
    const { acknowledged } = link.status;
    over.abort();
    await load;
    expect(acknowledged).toBeGreaterThan(0);
    // The probe tries again and again; what does not write goes on.
    await delay(2_000);
    expect((await edgedive.get('/api')).status).toBe(200);
    expect((await edgedive.get('/api/status')).status).toBe(200);
    mount('-o', 'remount,size=256m', disk);
    await eventually(() => expect(link.status).toMatchObject({ inFlight: 0, queuedBytes: 0 }), {
      timeoutMs: 60_000,
    });
    await link.stop('the test is over', 0);
    const { told } = flows;
    expect(link.status.flowsDropped).toBe(0);
    expect(link.status.acknowledged).toBeGreaterThan(acknowledged);
    expect(await loggedOf(edgedive)).toEqual({ logged: told, missing: 0 });
  });
});
