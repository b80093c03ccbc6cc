/**
 * Flows of the past from the rows of a shard's log, held against the plain way: all messages decoded, the rules of section 9.3 of
 * the Gremlin notes applied one by one.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PastDetailsOf } from '../../../core/flow/past-details.ts';
import { PastFlows, PastLimitError } from '../../../core/flow/past-flows.ts';
import { runSearch } from '../../../core/flow/run-search.ts';
import type { FlowFilter, FlowSearch } from '../../../core/flow/search.ts';
import { isPoint, type TimeSlice } from '../../../core/graph/history.ts';
import { limits, timings } from '../../../core/limits.ts';
import { analyzerFrame } from '../../../core/wire/probe-frames.ts';
import {
  createFlow,
  createFlowMetric,
  createRawPacket,
  decodeFlowSet,
  encodeFlow,
  type Flow,
} from '../../../proto/gen/flow.ts';
import { createFlowBatch } from '../../../proto/gen/probe.ts';
import { createLogEntry, createLogRow, encodeLogRow } from '../../../proto/gen/shard.ts';

const SEED = 20_261_126;
const EXPIRE = timings.flowExpireMs;

interface Told {
  readonly host: string;
  readonly flow: Flow;
}

/** A row as the shard writes it: one entry a host in the order given. */
function rowOf(told: readonly Told[]): Uint8Array {
  const entries = told.map(({ host, flow }) =>
    createLogEntry({
      host,
      incarnation: 'one',
      frame: analyzerFrame({ flows: createFlowBatch({ sequence: 1, flows: [flow] }) }),
    }),
  );
  return encodeLogRow(createLogRow({ entries })).finish();
}

function find(rows: readonly (readonly Told[])[], search: FlowSearch, slice: TimeSlice): Flow[] {
  const past = new PastFlows(search, slice);
  for (const row of rows.toReversed()) past.add(rowOf(row));
  return decodeFlowSet(past.answer().flowSet).Flows;
}

/** The rules one by one. */
function plainly(rows: readonly (readonly Told[])[], search: FlowSearch, slice: TimeSlice): Flow[] {
  const byFlow = new Map<string, Flow[]>();
  for (const { host, flow } of rows.flat()) {
    if (search.hosts !== undefined && !search.hosts.includes(host)) continue;
    const key = `${host} ${flow.CaptureID} ${flow.UUID}`;
    byFlow.set(key, [...(byFlow.get(key) ?? []), flow]);
  }
  const states: Flow[] = [];
  for (const messages of byFlow.values()) {
    const known = messages.filter(({ Start, Last }) => Start <= slice.toMs && Last >= slice.fromMs - EXPIRE);
    const state = known.findLast(({ Last }) => Last <= slice.toMs) ?? known[0];
    if (state !== undefined) states.push(state);
  }
  return runSearch(states, search);
}

const MINUTE = 60_000;
/** Some flows of two hosts, each told of several times; what it is called, and its totals, may change meanwhile. */
const told = fc
  .array(
    fc.record({
      host: fc.constantFrom('h1', 'h2'),
      capture: fc.constantFrom('c1', 'c2'),
      start: fc.integer({ min: 0, max: 60 }),
      lengths: fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 6 }),
      port: fc.nat(3),
      application: fc.constantFrom('TCP', 'TCP', 'HTTP'),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((flows) => {
    const messages: Told[] = [];
    for (const [index, { host, capture, start, lengths, port, application }] of flows.entries()) {
      let last = start;
      for (const [time, length] of lengths.entries()) {
        const from = last;
        last += length;
        const flow = createFlow({
          UUID: `f${index % 8}`,
          CaptureID: capture,
          NodeTID: `tid-${host}`,
          Application: time === 0 ? 'TCP' : application,
          Start: start * MINUTE,
          Last: last * MINUTE,
          Transport: { Protocol: 2, A: port, B: 80, ID: 0 },
          Metric: createFlowMetric({ ABPackets: time + 1, Start: start * MINUTE, Last: last * MINUTE }),
          LastUpdateMetric: createFlowMetric({ ABPackets: 1, Start: from * MINUTE, Last: last * MINUTE }),
          LastRawPackets: [
            createRawPacket({ Timestamp: last * MINUTE, Index: time, Data: new Uint8Array(3) }),
          ],
        });
        messages.push({ host, flow });
      }
    }
    // They come in the order of their time, some to a row; two flows of one UUID count as one that began anew.
    messages.sort((a, b) => a.flow.Last - b.flow.Last);
    const rows: Told[][] = [];
    for (let at = 0; at < messages.length; at += 3) rows.push(messages.slice(at, at + 3));
    return rows;
  });

const slices = fc
  .tuple(fc.integer({ min: 0, max: 120 }), fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })))
  .map(([to, length]): TimeSlice => ({ fromMs: (to - length) * MINUTE, toMs: to * MINUTE }));

const filters: readonly (FlowFilter | undefined)[] = [
  undefined,
  { kind: 'equals', key: 'Transport.A', value: 1 },
  { kind: 'equals', key: 'Application', value: 'HTTP' },
  { kind: 'not', filter: { kind: 'equals', key: 'UUID', value: 'f1' } },
  {
    kind: 'and',
    filters: [
      { kind: 'equals', key: 'NodeTID', value: 'tid-h1' },
      { kind: 'gte', key: 'Metric.ABPackets', value: 2 },
    ],
  },
];
const searches = fc.record(
  {
    filter: fc.constantFrom(...filters.filter((filter) => filter !== undefined)),
    hosts: fc.constant(['h1']),
    range: fc.constant({ from: 1, to: 4 }),
    dedup: fc.constant(['NodeTID']),
    withRawPackets: fc.boolean(),
  },
  { requiredKeys: [] },
);

const identity = ({ UUID, CaptureID, NodeTID, Last, Application }: Flow) =>
  [NodeTID, CaptureID, UUID, Last, Application].join(' ');

describe('PastFlows', () => {
  it('finds what the rules say, whatever is asked', () => {
    fc.assert(
      fc.property(told, slices, searches, (rows, slice, given) => {
        const search = { ...given, sort: { key: 'UUID', descending: false } };
        // Equal keys come in the order of the log or of the scan: compare what is not cut as sets.
        const isWhole = search.range === undefined && search.dedup === undefined;
        const [found, wanted] = [find(rows, search, slice), plainly(rows, search, slice)];
        if (isWhole) expect(found.map(identity).sort()).toEqual(wanted.map(identity).sort());
        else expect(found.map(({ UUID }) => UUID).length).toBe(wanted.length);
        for (const flow of found) expect(flow.LastRawPackets.length > 0).toBe(given.withRawPackets === true);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  const flow = (change: Partial<Flow>) => createFlow({ UUID: 'f', CaptureID: 'c', ...change });
  const at = (ms: number): TimeSlice => ({ fromMs: ms, toMs: ms });

  it('shows a flow as it was last told of by then, and one told of later as it was first told', () => {
    const rows = [20, 30, 40].map((last) => [{ host: 'h', flow: flow({ Start: 10, Last: last }) }]);
    const lasts = (ms: number) => find(rows, {}, at(ms)).map(({ Last }) => Last);
    expect([9, 10, 19, 20, 35, 40, 40 + EXPIRE, 41 + EXPIRE].map(lasts)).toEqual([
      [],
      [20],
      [20],
      [20],
      [30],
      [40],
      [40],
      [],
    ]);
  });

  it('judges a flow by what it was then, not by what it had been or became', () => {
    const rows = ['TCP', 'HTTP', 'HTTP2'].map((Application, index) => [
      { host: 'h', flow: flow({ Application, Start: 10, Last: 10 * (index + 1) }) },
    ]);
    const http: FlowSearch = { filter: { kind: 'equals', key: 'Application', value: 'HTTP' } };
    expect([10, 20, 30].map((ms) => find(rows, http, at(ms)).length)).toEqual([0, 1, 0]);
  });

  it('takes flows of files as the live table does: from wherever they were read, without a last update', () => {
    const once = flow({ Start: 10, Last: 20, LastUpdateMetric: createFlowMetric({ ABBytes: 5 }) });
    const rows = [[{ host: 'pcap:', flow: once }], [{ host: 'pcap:h1', flow: { ...once, Last: 21 } }]];
    const found = find(rows, {}, at(30));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ Last: 21, LastUpdateMetric: undefined });
  });

  it('refuses more flows, bytes and messages than it may hold, naming the limit', () => {
    const slice = at(10);
    const past = new PastFlows({}, slice);
    const big = flow({ Start: 1, Last: 5, Application: 'x'.repeat(1_000_000) });
    expect(() => {
      for (let n = 0; n < 30; n++) past.add(rowOf([{ host: 'h', flow: { ...big, UUID: `f${n}` } }]));
    }).toThrow(/pastFlowBytesMax/);
    // The messages of a row many times over: only the count of flows grows.
    const many = new PastFlows({ filter: { kind: 'equals', key: 'Application', value: 'no' } }, slice);
    expect(() => {
      for (let n = 0; n <= limits.pastFlowsMax; n += 1_000) many.add(rowOfMany(n, 1_000));
    }).toThrow(PastLimitError);
  });

  /** Flows of one frame, made fast. */
  function rowOfMany(first: number, count: number): Uint8Array {
    const flows = Array.from({ length: count }, (_, index) =>
      flow({ UUID: `f${first + index}`, Start: 1, Last: 5 }),
    );
    expect(encodeFlow(flows[0]!).finish().length).toBeLessThan(30);
    const frame = analyzerFrame({ flows: createFlowBatch({ sequence: 1, flows }) });
    return encodeLogRow(
      createLogRow({ entries: [createLogEntry({ host: 'h', incarnation: '1', frame })] }),
    ).finish();
  }
});

describe('PastDetailsOf', () => {
  it('has the metrics and packets of the flows found that lie in the time asked for', () => {
    fc.assert(
      fc.property(told, slices, (rows, slice) => {
        const found = find(rows, { hosts: ['h1'] }, slice);
        const inTime = (start: number, last: number): boolean =>
          last <= slice.toMs && (isPoint(slice) || start >= slice.fromMs);
        for (const detail of ['metrics', 'packets'] as const) {
          const details = new PastDetailsOf(found, { hosts: ['h1'] }, slice, detail);
          for (const row of rows.toReversed()) details.add(rowOf(row));
          const { flows } = details.details();
          for (const { UUID, CaptureID } of found) {
            const messages = rows
              .flat()
              .filter(({ host, flow }) => host === 'h1' && flow.UUID === UUID && flow.CaptureID === CaptureID)
              .map(({ flow }) => flow);
            const one = flows.find(({ uuid, capture_id }) => uuid === UUID && capture_id === CaptureID);
            const lasts = messages
              .map(({ LastUpdateMetric: update }) => update!)
              .filter((update) => inTime(update.Start, update.Last))
              .map(({ Last }) => Last);
            if (detail === 'metrics') expect(one?.metrics.map(({ Last }) => Last) ?? []).toEqual(lasts);
            const times = new Set(
              messages
                .flatMap(({ LastRawPackets: packets }) => packets)
                .filter(({ Timestamp: ms }) => inTime(ms, ms))
                .map(({ Index }) => Index),
            );
            if (detail === 'packets')
              expect(one?.packets.map(({ Index }) => Index) ?? []).toEqual([...times].sort((a, b) => a - b));
          }
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});
