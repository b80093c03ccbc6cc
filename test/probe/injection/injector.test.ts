/** Injections on a real veth pair: what arrives at the other end by the kernel's own count, and what is told of it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Json } from '../../../core/graph/element.ts';
import type { InjectionSpec } from '../../../core/injection/injection.ts';
import { limits } from '../../../core/limits.ts';
import { Injector } from '../../../probe/injection/injector.ts';
import { Pacer } from '../../../probe/injection/pacer.ts';
import { createLog } from '../../../probe/log.ts';
import { InjectionState, type InjectionReport } from '../../../proto/gen/probe.ts';
import { createVethLab, skipCaptures, type VethLab } from '../capture/veth-lab.ts';

const { INJECTION_ACTIVE, INJECTION_DONE, INJECTION_FAILED } = InjectionState;

describe.skipIf(skipCaptures())('an injection', () => {
  let lab: VethLab;
  let injector: Injector;
  let reports: InjectionReport[];
  let shown: Json[];

  const received = (): number => {
    const [link] = JSON.parse(lab.in(lab.b, '-j', '-s', 'link', 'show', 'eth0')) as {
      stats64: { rx: { packets: number } };
    }[];
    return link!.stats64.rx.packets;
  };
  const order = (change: Partial<InjectionSpec> = {}, nodeId = 'node') => {
    const spec: InjectionSpec = {
      UUID: 'u',
      SrcIP: lab.addressA,
      DstIP: lab.addressB,
      SrcMAC: '02:00:00:00:00:01',
      DstMAC: '02:00:00:00:00:02',
      SrcPort: 1,
      DstPort: 9,
      Type: 'udp4',
      Payload: 'x',
      ICMPID: 0,
      Count: 1,
      Interval: 0,
      Mode: '',
      IncrementPayload: 0,
      Pcap: null,
      TTL: 0,
      ...change,
    };
    injector.start({ injection: JSON.stringify(spec), node_id: nodeId });
  };
  const ended = () =>
    vi.waitFor(
      () => {
        const last = reports.at(-1);
        expect(last?.state).not.toBe(INJECTION_ACTIVE);
        return last!;
      },
      { timeout: 5_000, interval: 5 },
    );

  beforeEach(() => {
    lab = createVethLab('inj');
    reports = [];
    shown = [];
    const { ifIndex, netnsPath } = lab.spec(lab.a);
    injector = new Injector({
      topology: {
        interfaceOf: (nodeId) =>
          nodeId === 'gone'
            ? undefined
            : {
                nodeId,
                netnsPath,
                name: 'eth0',
                ifIndex,
                tid: 't',
                encapType: 'ether',
                type: 'veth',
                up: nodeId !== 'down',
              },
        setLearnt: (_nodeId, key, value) => {
          expect(key).toBe('PacketInjections');
          shown.push(value);
        },
      },
      report: (report) => reports.push(report) > 0,
      log: createLog('injection', () => {}),
    });
  });

  afterEach(() => {
    injector.close();
    lab.remove();
  });

  it('arrives packet by packet, is shown while it runs, and told at its end', async () => {
    const before = received();
    order({ Count: 500 });
    expect(shown).toMatchObject([
      [{ ID: 'u', State: 'active', PacketCount: 0, SrcMAC: '02:00:00:00:00:01' }],
    ]);
    expect(await ended()).toMatchObject({ uuid: 'u', node_id: 'node', state: INJECTION_DONE, packets: 500 });
    expect(received() - before).toBe(500);
    expect(shown.at(-1)).toBeNull();
    expect(injector.status()).toMatchObject({ running: 0, started: 1, done: 1, failed: 0, packets: 500 });
  });

  it('keeps its interval', async () => {
    const started = performance.now();
    order({ Count: 4, Interval: 50 });
    await ended();
    // Three intervals between four packets.
    expect(performance.now() - started).toBeGreaterThanOrEqual(150);
  });

  it('sends no faster than injectionPacketsPerSecond', async () => {
    const started = performance.now();
    const packets = limits.injectionPacketsPerSecond / 2;
    order({ Count: packets });
    await ended();
    // A tenth of a second's packets may be saved up.
    expect(performance.now() - started).toBeGreaterThan(390);
  });

  it('is not begun twice, neither while it runs nor afterwards, but its end is told again', async () => {
    const before = received();
    order({ Count: 2, Interval: 20 });
    order({ Count: 2, Interval: 20 });
    await ended();
    order({ Count: 2 });
    expect(received() - before).toBe(2);
    const told = reports.length;
    injector.reconnected();
    expect(reports.slice(told)).toMatchObject([{ state: INJECTION_DONE, packets: 2 }]);
  });

  it('ends when it is deleted, and when the probe ends', async () => {
    order({ Count: 1_000, Interval: 1_000 });
    injector.stop(['other', 'u']);
    expect(await ended()).toMatchObject({ state: INJECTION_FAILED, error: 'the injection was deleted' });
    order({ UUID: 'v', Count: 1_000, Interval: 1_000 });
    injector.close();
    expect(reports.at(-1)).toMatchObject({ uuid: 'v', error: 'the probe ended' });
  });

  it('fails with the reason where it cannot be sent', async () => {
    order({ UUID: '1' }, 'gone');
    order({ UUID: '2' }, 'down');
    order({ UUID: '3', Payload: 'x'.repeat(2_000) });
    injector.start({ injection: '{', node_id: 'node' });
    await vi.waitFor(() => expect(reports.filter(({ state }) => state === INJECTION_FAILED)).toHaveLength(4));
    const errors = Object.fromEntries(reports.map(({ uuid, error }) => [uuid, error]));
    expect(errors).toMatchObject({
      1: 'no such interface',
      2: 'interface eth0 is down',
      3: 'sendto(2042 bytes): EMSGSIZE',
    });
  });

  it('ends when its interface goes', async () => {
    order({ Count: 1_000, Interval: 10 });
    lab.in(lab.a, 'link', 'del', 'eth0');
    const { state, error } = await ended();
    expect(state).toBe(INJECTION_FAILED);
    expect(error).toMatch(/^sendto\(43 bytes\): (ENXIO|ENODEV|ENETDOWN)$/);
  });

  it('is refused beside injectionsRunningMax others', () => {
    for (let i = 0; i < limits.injectionsRunningMax; i++)
      order({ UUID: `u${i}`, Count: 10, Interval: 10_000 });
    order({ UUID: 'late' });
    expect(reports.at(-1)).toMatchObject({ uuid: 'late', state: INJECTION_FAILED });
    expect(injector.status()).toMatchObject({ running: limits.injectionsRunningMax });
  });
});

describe('Pacer', () => {
  it('lets as many go as the rate allows, and saves up a tenth of a second', () => {
    let now = 0;
    const pacer = new Pacer(1_000, () => now);
    const gone = () => {
      let count = 0;
      while (pacer.take()) count++;
      return count;
    };
    expect(gone()).toBe(100);
    now = 50;
    expect(gone()).toBe(50);
    now = 10_000;
    expect(gone()).toBe(100);
  });
});
