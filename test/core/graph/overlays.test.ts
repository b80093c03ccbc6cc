/** What lies over a node and comes off again: the owner's word is never lost, whatever is laid over it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GraphNode, Metadata } from '../../../core/graph/element.ts';
import { Overlays } from '../../../core/graph/overlays.ts';

function node(metadata: Metadata): GraphNode {
  return {
    id: 'n',
    metadata,
    host: 'h',
    origin: 'agent.h',
    createdAt: 1,
    updatedAt: 1,
    deletedAt: null,
    revision: 1,
  };
}

const NOTHING: Metadata = {};

describe('Overlays', () => {
  test('shows rules over edits over what the owner says, and the owner’s newest word beneath', () => {
    const overlays = new Overlays([]);
    const base = { Name: 'eth0', MTU: 1500, Color: 'none' };
    const shown = overlays.lay('n', base, {
      edits: { Color: 'blue', Note: 'x' },
      rules: { Color: 'red', 'Labels.Room': 'B12' },
    });
    expect(shown).toEqual({ Name: 'eth0', MTU: 1500, Color: 'red', Note: 'x', Labels: { Room: 'B12' } });
    expect(overlays.base(node(shown))).toEqual(base);
    expect(overlays.beneathRules(node(shown))).toEqual({ ...base, Color: 'blue', Note: 'x' });

    const next = { Name: 'eth0', MTU: 9000, Labels: { Rack: 7 } };
    const shownNext = overlays.show('n', next);
    expect(shownNext).toEqual({
      Name: 'eth0',
      MTU: 9000,
      Color: 'red',
      Note: 'x',
      Labels: { Rack: 7, Room: 'B12' },
    });
    expect(overlays.base(node(shownNext))).toEqual(next);
    expect(overlays.lay('n', next, { edits: NOTHING, rules: NOTHING })).toEqual(next);
    expect(overlays.has('n')).toBe(false);
  });

  test('says once what is to be stored, also that nothing lies there any more', () => {
    const overlays = new Overlays([]);
    overlays.lay('n', { Name: 'a' }, { edits: NOTHING, rules: { K: 1 } });
    expect(overlays.takeUnsaved()).toEqual([['n', { edits: {}, rules: { K: 1 }, hidden: {} }]]);
    overlays.show('n', { Name: 'a', Other: 2 });
    expect(overlays.hasUnsaved).toBe(false);
    overlays.show('n', { Name: 'a', K: 5 });
    expect(overlays.takeUnsaved()).toEqual([['n', { edits: {}, rules: { K: 1 }, hidden: { K: 5 } }]]);
    overlays.forget('n');
    expect(overlays.takeUnsaved()).toEqual([['n', undefined]]);
  });

  test('taken off again, the owner’s metadata is exactly what it was: dotted names, empty objects, prototypes', () => {
    const names = fc.constantFrom('a', 'b', 'a.b', 'a.b.c', '__proto__', 'c');
    const value = fc.constantFrom<Metadata[string]>(1, 'x', {}, { b: 1 }, { b: {} }, [1], null);
    const metadata = fc.dictionary(names, value, { noNullPrototype: true });
    fc.assert(
      fc.property(metadata, metadata, metadata, metadata, (before, edits, rules, after) => {
        const overlays = new Overlays([]);
        const shown = overlays.lay('n', before, { edits, rules });
        expect(sorted(overlays.base(node(shown)))).toBe(sorted(before));
        const shownNext = overlays.show('n', after);
        expect(sorted(overlays.base(node(shownNext)))).toBe(sorted(after));
      }),
    );
  });
});

function sorted(metadata: Metadata): string {
  return JSON.stringify(
    Object.keys(metadata)
      .toSorted()
      .map((name) => [name, metadata[name]]),
  );
}
