/** Reductions: what several holders answer together is what one would, whatever the search and however flows lie. */
import { array, assert, asyncProperty, constantFrom, integer, option, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveTable } from '../../../core/flow/live-table.ts';
import { reduceOver } from '../../../core/flow/reduce-over.ts';
import { reduceFlows } from '../../../core/flow/reduction.ts';
import type { FlowReduction, Reduced } from '../../../core/flow/reduction.ts';
import { runSearch } from '../../../core/flow/run-search.ts';
import type { FlowSearch } from '../../../core/flow/search.ts';
import { createFlow, createFlowLayer, createFlowMetric, FlowProtocol } from '../../../proto/gen/flow.ts';
import type { Flow } from '../../../proto/gen/flow.ts';

const flow = (id: number, application: string, bytes: number | undefined, last: number): Flow =>
  createFlow({
    UUID: `f${id}`,
    Application: application,
    TrackingID: `t${id % 3}`,
    Last: last,
    ...(bytes === undefined ? {} : { Metric: createFlowMetric({ ABBytes: bytes, BABytes: 1 }) }),
    ...(id % 2 === 0
      ? {}
      : { Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: `10.0.0.${id % 4}`, B: '10.0.0.9' }) }),
  });

const FLOWS = [
  flow(1, 'TCP', 10, 5),
  flow(2, 'UDP', 7, 4),
  flow(3, 'TCP', undefined, 6),
  flow(4, 'DNS', 1, 1),
];

describe('reduceFlows', () => {
  it('counts', () => {
    expect(reduceFlows(FLOWS, { kind: 'count' })).toEqual({ kind: 'count', count: 4 });
  });

  it('reads fields, and leaves out what a flow has not', () => {
    expect(reduceFlows(FLOWS, { kind: 'rows', keys: ['Network.A', 'Last'] })).toEqual({
      kind: 'rows',
      rows: [
        [['10.0.0.1'], [5]],
        [[], [4]],
        [['10.0.0.3'], [6]],
        [[], [1]],
      ],
    });
  });

  it('adds the fields of a column per flow, and numbers by group', () => {
    expect(
      reduceFlows(FLOWS, {
        kind: 'groups',
        keys: ['Application'],
        columns: [['Metric.ABBytes', 'Metric.BABytes'], ['Last']],
      }),
    ).toEqual({
      kind: 'groups',
      groups: [
        // 10 + 1; the flow without a metric has no number there.
        {
          values: [['TCP']],
          flows: 2,
          columns: [
            { count: 1, sum: 11, min: 11, max: 11 },
            { count: 2, sum: 11, min: 5, max: 6 },
          ],
        },
        {
          values: [['UDP']],
          flows: 1,
          columns: [
            { count: 1, sum: 8, min: 8, max: 8 },
            { count: 1, sum: 4, min: 4, max: 4 },
          ],
        },
        {
          values: [['DNS']],
          flows: 1,
          columns: [
            { count: 1, sum: 2, min: 2, max: 2 },
            { count: 1, sum: 1, min: 1, max: 1 },
          ],
        },
      ],
    });
  });
});

const searches = record(
  {
    filter: constantFrom<FlowSearch['filter']>(
      { kind: 'equals', key: 'Application', value: 'TCP' },
      { kind: 'gt', key: 'Last', value: 3 },
      { kind: 'absent', key: 'Network.A' },
    ),
    // Equal keys come in an order that depends on who holds the flows; Last and UUID are different for all.
    sort: constantFrom<FlowSearch['sort']>(
      { key: 'Last', descending: false },
      { key: 'UUID', descending: true },
    ),
    dedup: constantFrom<readonly string[]>(['TrackingID'], ['Application']),
    range: tuple(integer({ min: 0, max: 4 }), integer({ min: 0, max: 6 })).map(([from, to]) => ({
      from,
      to,
    })),
  },
  { requiredKeys: ['sort'] },
);
const reductions = constantFrom<FlowReduction>(
  { kind: 'count' },
  { kind: 'rows', keys: ['UUID', 'Network.A'] },
  { kind: 'rows', keys: [] },
  { kind: 'groups', keys: ['Application'], columns: [['Metric.ABBytes']] },
  { kind: 'groups', keys: [], columns: [['Last'], ['Newest.ABBytes']] },
  { kind: 'groups', keys: ['Network.A', 'Application'], columns: [] },
);
const flowLists = array(
  tuple(constantFrom('TCP', 'UDP'), option(integer({ min: 0, max: 9 }), { nil: undefined })),
  { maxLength: 12 },
).map((all) => all.map(([application, bytes], index) => flow(index, application, bytes, (index * 7) % 13)));

/** Groups have no order; everything else has. */
function comparable(reduced: Reduced): unknown {
  if (reduced.kind !== 'groups') return reduced;
  return reduced.groups.map((group) => JSON.stringify(group)).sort();
}

describe('reduceOver', () => {
  it('gives the same over one live table and over three as over the flows themselves', async () => {
    await assert(
      asyncProperty(
        flowLists,
        array(integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 }),
        searches,
        reductions,
        async (flows, placing, search, reduction) => {
          const wanted = comparable(reduceFlows(runSearch(flows, search as FlowSearch), reduction));
          for (const holders of [1, 3]) {
            const tables = Array.from({ length: holders }, () => new LiveTable(1e9));
            for (const [index, one] of flows.entries()) tables[placing[index]! % holders]!.put('h', one, 0);
            const got = await reduceOver(holders, search as FlowSearch, reduction, (part, asked) =>
              Promise.resolve(
                tables.map(
                  // As it travels: JSON.
                  (table) => JSON.parse(JSON.stringify(table.reduce(part, asked).reduced)) as Reduced,
                ),
              ),
            );
            expect(comparable(got)).toEqual(wanted);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
