/** What is asked of probes by a shard that cannot keep up: stage by stage, not too fast, and back. */
import { describe, expect, test } from 'vitest';
import { isSampled, SLOWNESS, SlowDownControl, type ShardLoad } from '../../../core/flow/slow-down.ts';
import { timings } from '../../../core/limits.ts';

const CALM: ShardLoad = { lateMs: 0, droppedByProbes: 0, liveShare: 0.1 };
const LATE: ShardLoad = { ...CALM, lateMs: 2_000 };

/** The stage after each second of this load, from `fromS` on. */
function stages(control: SlowDownControl, load: ShardLoad, fromS: number, toS: number): number[] {
  const seen: number[] = [];
  for (let second = fromS; second < toS; second++) {
    control.look(load, second * 1_000);
    seen.push(control.stage);
  }
  return seen;
}

describe('a shard that cannot keep up', () => {
  test('asks for less after two bad looks, one stage at a time', () => {
    const control = new SlowDownControl();
    expect(stages(control, LATE, 0, 8)).toEqual([0, 1, 1, 1, 1, 1, 2, 2]);
    expect(stages(control, LATE, 8, 100).at(-1)).toBe(SLOWNESS.length - 1);
    expect(control.raised).toBe(SLOWNESS.length - 1);
  });

  test.each<[string, ShardLoad]>([
    ['writes that come late', LATE],
    ['flows that probes drop', { ...CALM, droppedByProbes: 1 }],
    ['a live table that is full', { ...CALM, liveShare: 0.99 }],
  ])('is told by %s', (_what, load) => {
    const control = new SlowDownControl();
    control.look(load, 0);
    expect([control.look(load, 1_000), control.stage]).toEqual([true, 1]);
  });

  test('takes one bad look for a burst', () => {
    const control = new SlowDownControl();
    for (let second = 0; second < 20; second++) control.look(second % 2 === 0 ? LATE : CALM, second * 1_000);
    expect(control.stage).toBe(0);
  });

  test('asks for more again after a calm, each step after one of its own', () => {
    const control = new SlowDownControl();
    stages(control, LATE, 0, 8);
    const calmS = timings.slowDownCalmMs / 1_000;
    expect(stages(control, CALM, 8, 8 + calmS).at(-1)).toBe(2);
    expect(stages(control, CALM, 8 + calmS, 10 + calmS).at(-1)).toBe(1);
    expect(stages(control, CALM, 10 + calmS, 9 + 2 * calmS).at(-1)).toBe(1);
    expect(stages(control, CALM, 9 + 2 * calmS, 12 + 2 * calmS).at(-1)).toBe(0);
    expect(control.look(CALM, 1e9)).toBe(false);
  });

  test('stays where it is while it is neither', () => {
    const control = new SlowDownControl();
    control.restore(3);
    expect(stages(control, { ...CALM, liveShare: 0.9 }, 0, 200).at(-1)).toBe(3);
    control.restore(99);
    expect(control.stage).toBe(SLOWNESS.length - 1);
  });
});

test('detail is left out before flows are', () => {
  const firstSampled = SLOWNESS.findIndex(({ sampling }) => sampling > 1);
  expect(SLOWNESS[firstSampled - 1]!.detail).toBe(2);
  for (const [at, { updateMs, detail, sampling }] of SLOWNESS.entries()) {
    const before = SLOWNESS[at - 1] ?? { updateMs: 0, detail: 0, sampling: 1 };
    expect(updateMs >= before.updateMs && detail >= before.detail && sampling >= before.sampling).toBe(true);
  }
});

test('of four flows one is told, always the same', () => {
  const uuids = Array.from({ length: 4_000 }, (_, index) =>
    ((index * 2_654_435_761) >>> 0).toString(16).padStart(16, 'a'),
  );
  const told = uuids.filter((uuid) => isSampled(uuid, 4));
  expect(Math.abs(told.length - 1_000)).toBeLessThan(150);
  expect(uuids.filter((uuid) => isSampled(uuid, 4))).toEqual(told);
  expect(uuids.every((uuid) => isSampled(uuid, 1) && isSampled(uuid, 0))).toBe(true);
  expect(isSampled('not hexadecimal', 4)).toBe(true);
});
