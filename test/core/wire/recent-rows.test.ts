/** What a hub keeps for subscribers that come back: bounded in bytes and age, and never with a hole. */
import { describe, expect, test } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import { isResume, RecentRows, timeOfPosition } from '../../../core/wire/recent-rows.ts';

const row = (byte: number, length = 1): Uint8Array => new Uint8Array(length).fill(byte);
const rowsOf = (kept: readonly Uint8Array[] | undefined): number[] | undefined => kept?.map((one) => one[0]!);

describe('RecentRows', () => {
  test('tells what came after a position, in order', () => {
    const recent = new RecentRows(() => crypto.randomUUID());
    const start = recent.position(5);
    recent.add(row(1), 10);
    const middle = recent.position(10);
    recent.add(row(2), 11);
    expect(rowsOf(recent.after(start))).toEqual([1, 2]);
    expect(rowsOf(recent.after(middle))).toEqual([2]);
    expect(rowsOf(recent.after(recent.position(12)))).toEqual([]);
    expect([isResume(start), timeOfPosition(start)]).toEqual([true, 5]);
  });

  test('knows when some are gone by age', () => {
    const recent = new RecentRows(() => crypto.randomUUID());
    const start = recent.position(0);
    recent.add(row(1), 0);
    const first = recent.position(0);
    recent.add(row(2), timings.hubRecentMs + 1);
    expect(recent.after(start)).toBeUndefined();
    expect(rowsOf(recent.after(first))).toEqual([2]);
  });

  test('and by bytes, even one that is too large alone', () => {
    const recent = new RecentRows(() => crypto.randomUUID());
    const start = recent.position(0);
    recent.add(row(1, limits.hubRecentBytesMax), 0);
    expect(rowsOf(recent.after(start))).toEqual([1]);
    recent.add(row(2, 2), 0);
    expect(recent.after(start)).toBeUndefined();
    recent.add(row(3, limits.hubRecentBytesMax + 1), 0);
    expect(recent.bytes).toBe(0);
    expect(recent.after(recent.position(0))).toEqual([]);
  });

  test('believes no position of before it forgot, and none of the future', () => {
    const recent = new RecentRows(() => crypto.randomUUID());
    recent.add(row(1), 0);
    const position = recent.position(0);
    const [epoch] = position.split('.');
    expect(recent.after(`${epoch}.2.0`)).toBeUndefined();
    recent.forget();
    expect(recent.after(position)).toBeUndefined();
    expect(recent.after('')).toBeUndefined();
  });
});
