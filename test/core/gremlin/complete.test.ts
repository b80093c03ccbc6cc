import { describe, expect, test } from 'vitest';
import { completionAt } from '../../../core/gremlin/complete.ts';

const KEYS = ['Name', 'Type', 'MTU', 'Metric.RxBytes'];
/** `|` is the place. */
const at = (marked: string) => {
  const offset = marked.indexOf('|');
  return completionAt(marked.replace('|', ''), offset, KEYS);
};

describe('completionAt', () => {
  test('offers the steps that what stands before takes', () => {
    expect(at('G.|')?.words).toEqual(expect.arrayContaining(['At', 'E', 'Flows', 'V']));
    expect(at('G.|')?.words).not.toContain('Out');
    expect(at('G.V().Ou|')).toEqual({
      from: 6,
      to: 8,
      words: ['Out', 'OutE', 'OutV'].filter((word) => at('G.V().O|')!.words.includes(word)),
    });
    expect(at("G.Flows().Has('Transport','80').Raw|")?.words).toEqual(['RawPackets']);
  });

  test('replaces the whole word in the middle of a query, whatever its capitals', () => {
    expect(at('G.V().ha|zzz().Count()')).toMatchObject({
      from: 6,
      to: 11,
      words: expect.arrayContaining(['Has']),
    });
  });

  test('offers keys where a step wants one: of nodes or of flows', () => {
    expect(at("G.V().Has('T|")).toEqual({ from: 11, to: 12, words: ['Type'] });
    expect(at('G.V().Sort(DESC, "M|')?.words).toEqual(['MTU', 'Metric.RxBytes']);
    expect(at("G.Flows().Has('Metric.AB|')")?.words).toEqual(['Metric.ABBytes', 'Metric.ABPackets']);
  });

  test('any step inside of what cannot be read', () => {
    expect(at('G.V().Not(Out().Ha|')?.words).toContain('Has');
  });

  test.each(['|', 'G|', "G.V().Has('Name', 'a.b|')", 'G.V().Has|()', "G.V('x|')", String.raw`G.V('it\'s.|`])(
    'nothing at %s',
    (marked) => {
      const offered = at(marked);
      expect(offered?.words ?? []).not.toContain('Has');
      if (!marked.includes('Has|')) expect(offered).toBeUndefined();
    },
  );
});
