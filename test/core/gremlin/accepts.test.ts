import { describe, expect, it } from 'vitest';
import { createFlow } from '../../../proto/gen/flow.ts';
import { STEP_NAMES } from '../../../core/gremlin/ast.ts';
import type { Param, Step, StepName } from '../../../core/gremlin/ast.ts';
import { GremlinError } from '../../../core/gremlin/errors.ts';
import { isTopologyOnly, parseQuery, resultKindOf, runQuery } from '../../../core/gremlin/gremlin.ts';
import { contextOf, graphOf, node } from './world.ts';

const context = {
  ...contextOf(graphOf([node('n', { Type: 'veth', TID: 't' })]), [createFlow({ UUID: 'f', NodeTID: 't' })]),
  history: {
    at: () => graphOf([]),
    revisions: () => ({ nodes: [], edges: [] }),
  },
  workflow: () => Promise.resolve({ nodes: [], edges: [] }),
};

/** A query that yields each kind of value. */
const SOURCES = [
  'G',
  'G.V()',
  'G.E()',
  "G.V().ShortestPathTo(Metadata('Type','veth'))",
  "G.V().Values('Type')",
  'G.Flows()',
  'G.Flows().Group()',
  "G.Flows().Group('NodeTID')",
  "G.Flows().Group('NodeTID').Count()",
  "G.V().Group('Type')",
  "G.V().Group('Type').Count()",
  'G.V().Metrics()',
  'G.Flows().RawPackets()',
  'G.V().Sockets()',
  "G.V().NextHop('10.0.0.1')",
];

const text = (value: string): Param => ({ kind: 'text', value, offset: 0 });
const number = (value: number): Param => ({ kind: 'number', value, integer: true, offset: 0 });

const traversal: Param = {
  kind: 'traversal',
  steps: [{ name: 'Has', params: [text('Type'), text('veth')], offset: 0 }],
  offset: 0,
};

/** Parameters with which a step has nothing to complain about. */
const PARAMS: Readonly<Partial<Record<StepName, readonly Param[]>>> = {
  Context: [{ kind: 'word', word: 'NOW', offset: 0 }],
  Has: [text('Type'), text('veth')],
  HasEither: [text('Type'), text('veth')],
  HasKey: [text('Type')],
  HasNot: [text('Type')],
  Range: [number(0), number(9)],
  Limit: [number(9)],
  Values: [text('Type')],
  ValueMap: [text('Type')],
  Sum: [text('Metric.ABBytes')],
  As: [text('a')],
  Select: [text('a')],
  ShortestPathTo: [{ kind: 'predicate', name: 'Metadata', params: [], offset: 0 }],
  ShortestPathsTo: [{ kind: 'predicate', name: 'Metadata', params: [], offset: 0 }],
  NextHop: [text('10.0.0.1')],
  Or: [traversal],
  And: [traversal],
  Not: [traversal],
  Min: [text('Last')],
  Max: [text('Last')],
  Mean: [text('Last')],
  BPF: [text('tcp')],
  Workflow: [text('w')],
};

describe('resultKindOf', () => {
  for (const source of SOURCES)
    it.each(STEP_NAMES)(`knows before running what ${source}.%s yields`, async (name) => {
      const { steps } = parseQuery(source);
      const step: Step = { name, params: PARAMS[name] ?? [], offset: 0 };
      const query = { text: source, steps: [...steps, step] };
      let expected: string;
      try {
        expected = resultKindOf(query);
      } catch (error) {
        expect(error).toBeInstanceOf(GremlinError);
        await expect(runQuery(query, context)).rejects.toThrow((error as GremlinError).message);
        return;
      }
      try {
        expect((await runQuery(query, context)).result.kind).toBe(expected);
      } catch (error) {
        // A step that fits may still fail on what it finds; it must not be refused for what it stands on.
        expect(error).toBeInstanceOf(GremlinError);
        expect((error as GremlinError).code).not.toBe('wrong-input');
      }
    });

  it('refuses with the words of the reference', () => {
    expect(() => resultKindOf(parseQuery("G.E().As('a')"))).toThrow(
      "Invalid step 'As' on '*traversal.GraphTraversalE'",
    );
    expect(() => resultKindOf(parseQuery("G.Values('a')"))).toThrow(
      "Invalid step 'PropertyValues' on '*traversal.GraphTraversal'",
    );
    expect(() => resultKindOf(parseQuery('G.V().V()'))).toThrow('Error while executing the query');
  });
});

describe('isTopologyOnly', () => {
  it.each([
    ["G.V().Has('Name','eth0').Out().Dedup()", true],
    ["G.V().ShortestPathTo(Metadata('a','b'))", true],
    ['G.V().Descendants(2)', true],
    ['G.Flows().Hops()', false],
    ['G.At(NOW).V()', false],
    ["G.Workflow('x').V()", false],
  ])('is for %s %s', (query, expected) => {
    expect(isTopologyOnly(parseQuery(query))).toBe(expected);
  });
});
