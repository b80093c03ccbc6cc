import { describe, expect, it } from 'vitest';
import { FlowFinishType } from '../../../proto/gen/flow.ts';
import { ACK, FIN, RST, SYN, ethernet, hex, ipv4, udp } from '../packet/frames.ts';
import { tcpFrame, tcpReply, udpFrame } from './table-frames.ts';
import { START_MS, feed, onlyFlow, tableOf } from './table-of.ts';

describe('FlowTable timing', () => {
  const timings = { newFlowMs: 500, flowUpdateMs: 10_000, flowExpireMs: 60_000, flowHoldMs: 15_000 };

  it('sends a new flow in time for every period of ticks', () => {
    for (const period of [100, 200, 250]) {
      const table = tableOf({ timings });
      table.tick(START_MS);
      table.tick(START_MS + period);
      feed(table, udpFrame(1, 2), period + 1);
      let sentAt = -1;
      for (let at = 2 * period; at <= 3000 && sentAt < 0; at += period)
        if (table.tick(START_MS + at).flows.length > 0) sentAt = at;
      expect(sentAt).toBeGreaterThan(0);
      expect(sentAt - period - 1).toBeLessThanOrEqual(500);
    }
  });

  it('sends differences that add up to the whole, each with its own span', () => {
    const table = tableOf({ timings });
    const updates = [];
    for (let at = 0; at <= 60_000; at += 250) {
      if (at % 1000 === 0 && at <= 40_000) feed(table, udpFrame(1, 2), at);
      updates.push(...table.tick(START_MS + at + 100).flows);
    }
    const sum = updates.reduce((total, flow) => total + flow.LastUpdateMetric!.ABPackets, 0);
    expect(sum).toBe(41);
    expect(updates.at(-1)?.Metric?.ABPackets).toBe(41);
    // The first at once, then every ten seconds while it changed.
    expect(updates).toHaveLength(5);
    expect(updates[0]?.LastUpdateMetric?.Start).toBe(START_MS);
    for (const [index, flow] of updates.slice(1).entries())
      expect(flow.LastUpdateMetric?.Start).toBe(updates[index]!.LastUpdateMetric!.Last);
  });

  it('flushes what changed, and only that', () => {
    const table = tableOf({ timings });
    feed(table, udpFrame(1, 2));
    feed(table, udpFrame(3, 4));
    expect(table.flush(START_MS + 10).flows).toHaveLength(2);
    feed(table, udpFrame(3, 4), 20);
    const again = table.flush(START_MS + 30);
    expect(again.flows.map((flow) => flow.Transport?.A)).toEqual([3]);
    expect(again.flows[0]?.LastUpdateMetric).toMatchObject({
      ABPackets: 1,
      Start: START_MS + 10,
      Last: START_MS + 30,
    });
    expect(table.flush(START_MS + 40).flows).toEqual([]);
  });

  it('ends silent flows with TIMEOUT', () => {
    const table = tableOf({ timings });
    feed(table, udpFrame(1, 2));
    table.tick(START_MS + 1);
    expect(table.tick(START_MS + 60_000).ended).toEqual([]);
    const { flows, ended } = table.tick(START_MS + 60_001);
    expect(ended).toEqual(flows.map((flow) => flow.UUID));
    expect(flows[0]).toMatchObject({
      FinishType: FlowFinishType.TIMEOUT,
      LastUpdateMetric: { ABPackets: 0 },
    });
    expect(table.size).toBe(0);
  });

  it('ends ARP and DNS flows early, once, and leaves others', () => {
    const table = tableOf({ timings: { ...timings, applicationTimeoutMs: { ARP: 10_000, DNS: 20_000 } } });
    feed(table, ethernet(0x0806, hex('0001080006040001 02000000000a 0a010001 000000000000 0a010002')));
    feed(table, ethernet(0x0800, ipv4(17, udp(5000, 53, new Uint8Array(12)))));
    table.tick(START_MS + 1);
    const { flows, ended } = table.tick(START_MS + 15_000);
    expect(flows.map((flow) => [flow.Application, flow.FinishType])).toEqual([
      ['ARP', FlowFinishType.TIMEOUT],
    ]);
    expect(ended).toHaveLength(1);
    expect(table.tick(START_MS + 15_250).flows).toEqual([]);
    expect(onlyFlow(table).Application).toBe('DNS');
  });

  it('sends a finished flow at once and holds it for late packets', () => {
    const table = tableOf({ timings });
    feed(table, tcpFrame({ flags: SYN }));
    table.tick(START_MS + 1);
    feed(table, tcpFrame({ flags: FIN | ACK }), 100);
    feed(table, tcpReply({ flags: FIN | ACK }), 101);
    expect(table.tick(START_MS + 200).flows[0]).toMatchObject({ FinishType: FlowFinishType.TCP_FIN });
    feed(table, tcpReply({ flags: ACK }), 5000);
    expect(table.tick(START_MS + 15_200).ended).toEqual([]);
    const { flows, ended } = table.tick(START_MS + 20_000);
    expect(ended).toHaveLength(1);
    expect(flows[0]).toMatchObject({ FinishType: FlowFinishType.TCP_FIN });
    expect(table.size).toBe(0);
  });

  it('ends everything when the capture stops', () => {
    const table = tableOf({ timings });
    feed(table, udpFrame(1, 2));
    feed(table, tcpFrame({ flags: SYN }));
    feed(table, tcpReply({ flags: RST }), 1);
    const { flows, ended } = table.stop(START_MS + 10);
    expect(flows.map((flow) => flow.FinishType)).toEqual([FlowFinishType.TIMEOUT, FlowFinishType.TCP_RST]);
    expect(ended).toHaveLength(2);
    expect(table.snapshot()).toEqual([]);
  });

  it('sends and counts the idlest flow when it is full', () => {
    const table = tableOf({ timings, entriesMax: 3 });
    for (const port of [1, 2, 3]) feed(table, udpFrame(port, 9), port);
    feed(table, udpFrame(1, 9), 10);
    feed(table, udpFrame(4, 9), 11);
    expect(table.counters).toMatchObject({ flowsCreated: 4, flowsEvicted: 1 });
    const { flows, ended } = table.tick(START_MS + 20);
    expect(ended).toEqual([flows[0]!.UUID]);
    expect(flows[0]).toMatchObject({ Transport: { A: 2 }, LastUpdateMetric: { ABPackets: 1 } });
    expect(table.size).toBe(3);
  });

  it('forgets a flow whose packets came from the future', () => {
    const table = tableOf({ timings });
    feed(table, udpFrame(1, 2), 1e12);
    table.tick(START_MS);
    for (let at = 10_000; at <= 80_000; at += 10_000) table.tick(START_MS + at);
    expect(table.size).toBe(0);
  });
});
