/** Every case recorded from the reference passes, or differs for a reason that a rule gives (gremlin-rules.ts). */
import { describe, expect, it } from 'vitest';
import { judge } from '../../scripts/conformance-gremlin.ts';
import cases from './data/gremlin-cases.json' with { type: 'json' };
import fixture from './data/gremlin-fixture.json' with { type: 'json' };
import type { Case } from './gremlin-case.ts';
import { makeWorld } from './gremlin-world.ts';

const world = makeWorld(fixture);

describe('Gremlin conformance', () => {
  it.each((cases as unknown as Case[]).map((testCase) => [testCase.id, testCase.query, testCase] as const))(
    '%s %s',
    async (_id, _query, testCase) => {
      const verdict = await judge(world, testCase);
      expect(verdict.kind === 'failed' ? verdict.difference : verdict.kind).toMatch(/^(passed|divergent)$/);
    },
  );

  it('lets only cases tagged as quirks differ, except where other parts of the notes overrule them', async () => {
    const untagged = new Set<string>();
    for (const testCase of cases as unknown as Case[]) {
      const verdict = await judge(world, testCase);
      if (verdict.kind === 'divergent' && testCase.quirk === undefined) untagged.add(verdict.rule);
    }
    expect([...untagged].sort()).toEqual(['dot-statements', 'flow-names', 'pcap-lengths']);
  });
});

describe('judge', () => {
  const passes: Case = { id: 'x', query: 'G.V().Count()', expect: { kind: 'json', value: 19 } };

  it('fails a case whose value is another', async () => {
    const verdict = await judge(world, { ...passes, expect: { kind: 'json', value: 20 } });
    expect(verdict).toEqual({ kind: 'failed', difference: 'expected 20, got 19' });
  });

  it('fails a case that it does not understand', async () => {
    const strange = { ...passes, surprise: 1 } as unknown as Case;
    expect((await judge(world, strange)).kind).toBe('failed');
    expect((await judge(world, { ...passes, expect: { kind: 'new', value: 19 } })).kind).toBe('failed');
    expect((await judge(world, { id: 'x', query: 'G' })).kind).toBe('failed');
  });

  it('fails a quirk that no rule explains', async () => {
    const verdict = await judge(world, { ...passes, quirk: 'odd', expect: { kind: 'json', value: 20 } });
    expect(verdict.kind).toBe('failed');
  });

  it('accepts any outcome but a crash where the reference crashes', async () => {
    const verdict = await judge(world, { id: 'x', query: "G.V().Limit('a')", error: '*', skydive: 'crash' });
    expect(verdict.kind).toBe('passed');
  });
});
