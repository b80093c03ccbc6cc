/** What lies over a node and comes off again: the owner's word is never lost, whatever is laid over it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edited, type Edit } from '../../../core/graph/edits.ts';
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

const NO_EDITS: readonly Edit[] = [];

describe('Overlays', () => {
  test('shows rules over edits over what the owner says, and the owner’s newest word beneath', () => {
    const overlays = new Overlays([]);
    const base = { Name: 'eth0', MTU: 1500, Color: 'none' };
    const shown = overlays.lay('n', base, {
      edits: [
        { path: ['Color'], value: 'blue' },
        { path: ['Note'], value: 'x' },
      ],
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
    expect(overlays.lay('n', next, { edits: NO_EDITS, rules: {} })).toEqual(next);
    expect(overlays.has('n')).toBe(false);
  });

  test('says once what is to be stored, also that nothing lies there any more', () => {
    const overlays = new Overlays([]);
    overlays.lay('n', { Name: 'a' }, { edits: NO_EDITS, rules: { K: 1 } });
    expect(overlays.takeUnsaved()).toEqual([['n', { edits: [], rules: { K: 1 }, hidden: {} }]]);
    overlays.show('n', { Name: 'a', Other: 2 });
    expect(overlays.hasUnsaved).toBe(false);
    overlays.show('n', { Name: 'a', K: 5 });
    expect(overlays.takeUnsaved()).toEqual([['n', { edits: [], rules: { K: 1 }, hidden: { K: 5 } }]]);
    overlays.forget('n');
    expect(overlays.takeUnsaved()).toEqual([['n', undefined]]);
  });

  test('taken off again, the owner’s metadata is exactly what it was: dotted names, empty objects, prototypes', () => {
    const names = fc.constantFrom('a', 'b', 'a.b', 'a.b.c', '__proto__', 'c');
    const value = fc.constantFrom<Metadata[string]>(1, 'x', {}, { b: 1 }, { b: {} }, [1], null);
    const metadata = fc.dictionary(names, value, { noNullPrototype: true });
    const paths = fc.array(names, { minLength: 1, maxLength: 3 });
    const someEdits = fc.array(fc.record({ path: paths, value }), { maxLength: 4 });
    fc.assert(
      fc.property(metadata, someEdits, metadata, metadata, (before, edits, rules, after) => {
        const overlays = new Overlays([]);
        const shown = overlays.lay('n', before, { edits, rules });
        expect(sorted(overlays.base(node(shown)))).toBe(sorted(before));
        const shownNext = overlays.show('n', after);
        expect(sorted(overlays.base(node(shownNext)))).toBe(sorted(after));
      }),
    );
  });
});

describe('edited', () => {
  const before: Metadata = { Name: 'a', Labels: { Rack: 7, 'x.y': 1 }, MTU: 1500 };

  test('sets the smallest places, so that what lies beside them stays the owner’s', () => {
    const wanted = { ...before, Labels: { Rack: 7, 'x.y': 2, Room: 'B' } };
    const after = edited({ base: before, edits: [] }, before, wanted, false);
    expect(after).toEqual({
      base: before,
      edits: [
        { path: ['Labels', 'x.y'], value: 2 },
        { path: ['Labels', 'Room'], value: 'B' },
      ],
    });
    const overlays = new Overlays([]);
    expect(overlays.lay('n', before, { edits: after.edits, rules: {} })).toEqual(wanted);
    expect(overlays.show('n', { Name: 'a', Labels: { Rack: 8 } })).toEqual({
      Name: 'a',
      Labels: { Rack: 8, 'x.y': 2, Room: 'B' },
    });
  });

  test('takes an edit away before the owner’s word, and a later edit in place of an earlier', () => {
    const edits = [
      { path: ['MTU'], value: 9000 },
      { path: ['Labels', 'Room'], value: 'B' },
    ];
    const shown = { Name: 'a', Labels: { Rack: 7, 'x.y': 1, Room: 'B' }, MTU: 9000 };
    const { MTU: _mtu, ...withoutMtu } = shown;
    expect(edited({ base: before, edits }, shown, withoutMtu, false)).toEqual({
      base: before,
      edits: [edits[1]],
    });
    const { Labels: _labels, ...withoutLabels } = shown;
    expect(edited({ base: before, edits }, shown, withoutLabels, false)).toEqual({
      base: before,
      edits: [edits[0]],
    });
    const { Name: _name, ...unnamed } = before;
    expect(edited({ base: before, edits }, shown, { Labels: shown.Labels, MTU: 1 }, false)).toEqual({
      base: unnamed,
      edits: [edits[1], { path: ['MTU'], value: 1 }],
    });
  });

  test('into the base of a node of one’s own', () => {
    const wanted = { Name: 'a', Labels: { Rack: 7 }, Note: 'x' };
    expect(edited({ base: before, edits: [] }, before, wanted, true)).toEqual({ base: wanted, edits: [] });
  });
});

function sorted(metadata: Metadata): string {
  return JSON.stringify(
    Object.keys(metadata)
      .toSorted()
      .map((name) => [name, metadata[name]]),
  );
}
