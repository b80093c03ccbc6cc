import { array, assert, asyncProperty, constantFrom, oneof, record } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PREDICATE_NAMES, STEP_NAMES } from '../../../core/gremlin/ast.ts';
import type { Param } from '../../../core/gremlin/ast.ts';
import { GremlinError } from '../../../core/gremlin/errors.ts';
import { parseQuery, printQuery, runQuery } from '../../../core/gremlin/gremlin.ts';
import { resultToJson } from '../../../core/wire/gremlin-json.ts';
import { makeWorld } from '../../conformance/gremlin-world.ts';
import fixture from '../../conformance/data/gremlin-fixture.json' with { type: 'json' };

const world = makeWorld(fixture);

const scalars = constantFrom<Param>(
  ...[
    'Name',
    'Type',
    'veth',
    '@ID',
    'n-host-a',
    'Network',
    'Metric.ABBytes',
    'Objs.L',
    'UUID',
    '10.0.0.0/8',
    'a|b',
    '(',
    '-1m',
    'tcp',
    '',
  ].map((value): Param => ({ kind: 'text', value, offset: 0 })),
  ...[0, 1, -1, 3, 1_700_000_100].map((value): Param => ({
    kind: 'number',
    value,
    integer: true,
    offset: 0,
  })),
  { kind: 'number', value: 1.5, integer: false, offset: 0 },
  { kind: 'boolean', value: true, offset: 0 },
  { kind: 'word', word: 'NOW', offset: 0 },
  { kind: 'word', word: 'DESC', offset: 0 },
  { kind: 'word', word: 'FOREVER', offset: 0 },
);
const predicates: Arbitrary<Param> = record({
  name: constantFrom(...PREDICATE_NAMES),
  params: array(scalars, { maxLength: 2 }),
}).map(({ name, params }): Param => ({ kind: 'predicate', name, params, offset: 0 }));
const steps = record({
  name: constantFrom(...STEP_NAMES),
  params: array(oneof(scalars, predicates), { maxLength: 3 }),
});

describe('any query', () => {
  it('is answered or refused, with an answer that is JSON', async () => {
    let answered = 0;
    await assert(
      asyncProperty(
        constantFrom('V', 'E', 'Flows', 'Context'),
        array(steps, { maxLength: 5 }),
        constantFrom(undefined, 'none' as const, 'noflow' as const),
        async (first, rest, store) => {
          const start = { name: first, params: first === 'Context' ? [scalarNow] : [], offset: 0 };
          const text = printQuery({ text: '', steps: [start, ...rest.map(withoutParamsOfG)] });
          try {
            const { result } = await runQuery(parseQuery(text), world.context(store));
            JSON.parse(resultToJson(result));
            answered++;
          } catch (error) {
            expect(error, text).toBeInstanceOf(GremlinError);
          }
        },
      ),
      { numRuns: 1_500 },
    );
    expect(answered).toBeGreaterThan(50);
  });
});

const scalarNow: Param = { kind: 'word', word: 'NOW', offset: 0 };

function withoutParamsOfG(step: { name: (typeof STEP_NAMES)[number]; params: Param[] }) {
  return { name: step.name, params: step.name === 'G' ? [] : step.params, offset: 0 };
}
