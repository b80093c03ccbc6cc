import { describe, expect, it } from 'vitest';
import type { CaptureState } from '../../../core/capture/capture.ts';
import { StatePublisher } from '../../../probe/capture/state-publisher.ts';

function stateOf(packets: number, state: CaptureState['State'] = 'active'): CaptureState {
  return { ID: 'u', State: state, PacketsReceived: packets, PacketsDropped: 0, PacketsIfDropped: 0 };
}

/** A publisher on a clock of its own, and when it told what. */
function setUp() {
  let nowMs = 1_000_000;
  const told: [secondsIn: number, states: string][] = [];
  const publisher = new StatePublisher(
    (_nodeId, states) =>
      told.push([(nowMs - 1_000_000) / 1_000, states.map((s) => `${s.State} ${s.PacketsReceived}`).join()]),
    () => nowMs,
  );
  return { publisher, told, second: () => (nowMs += 1_000) };
}

describe('StatePublisher', () => {
  it('tells a change of state at once and the same states never', () => {
    const { publisher, told } = setUp();
    publisher.publish('n', [], true);
    publisher.publish('n', [stateOf(0)], true);
    publisher.publish('n', [stateOf(0)], true);
    publisher.publish('n', [stateOf(0, 'error')], true);
    publisher.publish('n', [], true);
    publisher.publish('n', [], true);
    expect(told.map(([, states]) => states)).toEqual(['active 0', 'error 0', '']);
  });

  it('tells counters that keep running ever less often, and their last value when they rest', () => {
    const { publisher, told, second } = setUp();
    publisher.publish('n', [stateOf(0)], true);
    for (let packets = 1; packets <= 30; packets++) {
      second();
      publisher.publish('n', [stateOf(packets)], false);
    }
    for (let rest = 0; rest < 5; rest++) {
      second();
      publisher.publish('n', [stateOf(30)], false);
    }
    expect(told.map(([at]) => at)).toEqual([0, 1, 3, 7, 15, 23, 31]);
    expect(told.at(-1)).toEqual([31, 'active 30']);
    second();
    publisher.publish('n', [stateOf(31)], false);
    expect(told.at(-1)).toEqual([36, 'active 31']);
  });

  it('tells again after the node was gone', () => {
    const { publisher, told } = setUp();
    publisher.publish('n', [stateOf(0)], true);
    publisher.forget('n');
    publisher.publish('n', [stateOf(0)], true);
    expect(told).toHaveLength(2);
  });
});
