/** Uploads take turns: some at a time, others wait, too many are refused. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { inTurn } from '../../../worker/routes/pcap-turns.ts';

/** An upload that lasts until told. */
function upload() {
  const ending = Promise.withResolvers<void>();
  let started = false;
  const done = inTurn(async () => {
    started = true;
    await ending.promise;
  });
  return { done, end: ending.resolve, hasStarted: () => started };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('inTurn', () => {
  test('runs so many uploads at once and the next when one has ended', async () => {
    const first = Array.from({ length: limits.pcapUploadsMax }, upload);
    const next = upload();
    await scheduler.wait(60);
    expect(first.map(({ hasStarted }) => hasStarted())).toEqual(first.map(() => true));
    expect(next.hasStarted()).toBe(false);
    first[0]!.end();
    await vi.waitFor(() => expect(next.hasStarted()).toBe(true));
    for (const one of [...first, next]) one.end();
    await Promise.all([...first, next].map(({ done }) => done));
  });

  test('gives the turn on when an upload fails', async () => {
    for (let i = 0; i < 3 * limits.pcapUploadsMax; i++)
      await expect(inTurn(() => Promise.reject(new Error('no file')))).rejects.toThrow('no file');
    expect(await inTurn(() => Promise.resolve('read'))).toBe('read');
  });

  test('refuses with 503 when too many wait', async () => {
    const all = Array.from({ length: limits.pcapUploadsMax + limits.pcapUploadsWaitingMax }, upload);
    await expect(inTurn(() => Promise.resolve())).rejects.toMatchObject({
      status: 503,
      headers: { 'Retry-After': '1' },
    });
    for (const one of all) one.end();
    await Promise.all(all.map(({ done }) => done));
  });

  test('takes the turn of an upload whose client has vanished', async () => {
    const lost = Array.from({ length: limits.pcapUploadsMax }, upload);
    const soon = Date.now() + 31_000;
    vi.spyOn(Date, 'now').mockReturnValue(soon);
    expect(await inTurn(() => Promise.resolve('read'))).toBe('read');
    for (const one of lost) one.end();
    await Promise.all(lost.map(({ done }) => done));
  });
});
