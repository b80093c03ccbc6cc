import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lock, tryLock } from '../../scripts/setup/lock.mjs';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'edgedive-lock-')), 'lock');
const lockModule = new URL('../../scripts/setup/lock.mjs', import.meta.url).href;

describe('tryLock', () => {
  it('is held by one, and free again when released', () => {
    const file = fresh();
    const first = tryLock(file);
    expect(first.held).toBe(true);
    expect(tryLock(file)).toEqual({ held: false, holder: process.pid });
    if (first.held) first.release();
    expect(existsSync(file)).toBe(false);
    expect(tryLock(file).held).toBe(true);
  });

  it('is taken over from a holder that was killed', async () => {
    const file = fresh();
    const script = `import { tryLock } from '${lockModule}'; tryLock(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(tryLock(file)).toEqual({ held: false, holder: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(tryLock(file).held).toBe(true);
  });

  it('is not kept by another process that got the dead one’s number', () => {
    const file = fresh();
    writeFileSync(file, `${process.pid} 1`);
    expect(tryLock(file).held).toBe(true);
  });
});

describe('lock', () => {
  it('lets eight processes in one at a time, over a lock whose holder is dead', async () => {
    const file = fresh();
    const counter = `${file}.count`;
    writeFileSync(counter, '0');
    writeFileSync(file, '1 1');
    // Whoever reads the counter and writes it later loses a count unless it is alone.
    const script = `import { readFileSync, writeFileSync } from 'node:fs';
      import { lock } from '${lockModule}';
      const release = await lock(${JSON.stringify(file)}, { waitMsMax: 20000, onWait() {} });
      const seen = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      writeFileSync(${JSON.stringify(counter)}, String(seen + 1));
      release();`;
    const children = Array.from({ length: 8 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }),
    );
    await Promise.all(children.map((child) => once(child, 'exit')));
    expect(readFileSync(counter, 'utf8')).toBe('8');
  });

  it('gives up when its holder keeps it for too long, naming it', async () => {
    const file = fresh();
    tryLock(file);
    const told: number[] = [];
    const waiting = lock(file, { waitMsMax: 150, onWait: (holder) => told.push(holder) });
    await expect(waiting).rejects.toThrow(`process ${process.pid} holds`);
    expect(told).toEqual([process.pid]);
  });
});
