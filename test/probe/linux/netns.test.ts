import { execFileSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCodeOf } from '../../../probe/linux/linux-error.ts';
import { inNetns } from '../../../probe/linux/netns.ts';

const isRoot = process.getuid?.() === 0;
const here = (): string => readlinkSync('/proc/thread-self/ns/net');

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return errorCodeOf(error);
  }
  return 'nothing thrown';
}

describe.skipIf(!isRoot)('inNetns (needs root)', () => {
  const names = ['a', 'b'].map((end) => `tp-nn-${process.pid}-${end}`);
  const paths = names.map((name) => `/var/run/netns/${name}`);
  beforeAll(() => {
    for (const name of names) execFileSync('ip', ['netns', 'add', name]);
  });
  afterAll(() => {
    for (const name of names) execFileSync('ip', ['netns', 'del', name]);
  });

  it('runs the function inside and comes back', () => {
    const home = here();
    const inside = inNetns(paths[0]!, here);
    expect(inside).not.toBe(home);
    expect(inside).toBe(inNetns(paths[0]!, here));
    expect(here()).toBe(home);
  });

  it('comes back when the function throws', () => {
    const home = here();
    expect(() =>
      inNetns(paths[0]!, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(here()).toBe(home);
  });

  it('nests, null meaning the namespace in which the thread started', () => {
    const home = here();
    const seen = inNetns(paths[0]!, () => {
      const first = here();
      const second = inNetns(paths[1]!, here);
      const own = inNetns(null, here);
      return { first, second, own, again: here() };
    });
    expect(seen.first).not.toBe(seen.second);
    expect(seen.own).toBe(home);
    expect(seen.again).toBe(seen.first);
    expect(here()).toBe(home);
  });

  it('refuses a file that is no namespace and a missing one, and stays where it was', () => {
    const home = here();
    const folder = mkdtempSync(join(tmpdir(), 'tp-netns-'));
    writeFileSync(join(folder, 'plain'), 'not a namespace');
    expect(codeOf(() => inNetns(join(folder, 'plain'), here))).toBe('EINVAL');
    expect(codeOf(() => inNetns(join(folder, 'missing'), here))).toBe('ENOENT');
    expect(codeOf(() => inNetns('/proc/self/ns/uts', here))).toBe('EINVAL');
    rmSync(folder, { recursive: true });
    expect(here()).toBe(home);
  });

  it('refuses an async function, whose rest would run outside', () => {
    const home = here();
    expect(() => inNetns(paths[0]!, async () => {})).toThrow('synchronous');
    expect(here()).toBe(home);
  });
});
