import { describe, expect, it } from 'vitest';
import { PacketClock } from '../../../../probe/capture/exporter/packet-clock.ts';

function setUp() {
  const at = { wall: 1_700_000_000_000, monotonic: 50 };
  const clock = new PacketClock(
    () => Math.floor(at.wall),
    () => at.monotonic,
  );
  const pass = (ms: number) => {
    at.wall += ms;
    at.monotonic += ms;
  };
  const read = () => {
    clock.read();
    return [clock.ms, clock.subMsNs];
  };
  return { at, clock, pass, read };
}

describe('PacketClock', () => {
  it('gives whole ms and the nanoseconds inside', () => {
    const { pass, read } = setUp();
    expect(read()).toEqual([1_700_000_000_000, 0]);
    pass(1.25);
    expect(read()).toEqual([1_700_000_000_001, 250_000]);
  });

  it('does not run backwards when the wall clock is set back a little', () => {
    const { at, clock, pass, read } = setUp();
    pass(10);
    const [before] = read();
    at.wall -= 8;
    clock.follow();
    expect(read()[0]).toBe(before);
    pass(20);
    expect(read()[0]).toBe(1_700_000_000_022);
  });

  it('follows the wall clock when it is set forward, or back by much', () => {
    const { at, clock, read } = setUp();
    at.wall += 60_000;
    clock.follow();
    expect(read()[0]).toBe(1_700_000_060_000);
    at.wall -= 3_600_000;
    clock.follow();
    expect(read()[0]).toBe(1_699_996_460_000);
  });
});
