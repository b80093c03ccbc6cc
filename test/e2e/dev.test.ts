/** The promises of `npm run dev`: the same routes, and an end that leaves no workerd on the port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, freePort, processesWith } from './harness/edgedive.ts';
import { Running } from './harness/process.ts';

describe('npm run dev', () => {
  let stateDir: string;
  let running: Running;
  let port: number;

  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'edgedive-dev-'));
    port = await freePort();
    const args = [
      '--port',
      String(port),
      '--inspector-port',
      String(await freePort()),
      '--persist-to',
      stateDir,
    ];
    running = new Running('npm', ['run', 'dev', '--', ...args]);
    await eventually(() => fetch(`http://127.0.0.1:${port}/api`), { timeoutMs: 60_000 });
  });

  afterEach(async () => {
    if (!running.ended) await running.stop('SIGKILL');
    rmSync(stateDir, { recursive: true, force: true });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'answers like npm start, and %s leaves no process',
    async (signal) => {
      expect(await (await fetch(`http://127.0.0.1:${port}/api`)).json()).toMatchObject({
        Service: 'analyzer',
      });
      expect(await running.stop(signal)).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 0);
      await eventually(() => expect(processesWith(stateDir)).toEqual([]), { timeoutMs: 3_000 });
      await expect(fetch(`http://127.0.0.1:${port}/api`)).rejects.toThrow('fetch failed');
    },
  );
});
