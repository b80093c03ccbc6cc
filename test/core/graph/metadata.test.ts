import { array, assert, constantFrom, dictionary, letrec, oneof, pre, property } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, Metadata } from '../../../core/graph/element.ts';
import {
  applyOps,
  deleteField,
  diffMetadata,
  fieldKeys,
  getField,
  hasDottedName,
  jsonEquals,
  setField,
} from '../../../core/graph/metadata.ts';

const NESTED: Metadata = { A: { B: { C: 7 } }, Name: 'eth0', List: [{ K: 1 }] };

describe('getField', () => {
  it('walks objects by dotted path', () => {
    expect(getField(NESTED, 'A.B.C')).toBe(7);
    expect(getField(NESTED, 'A.B')).toEqual({ C: 7 });
  });

  it('finds nothing below a text or a list', () => {
    expect(getField(NESTED, 'Name.X')).toBeUndefined();
    expect(getField(NESTED, 'List.K')).toBeUndefined();
  });

  it('finds a member whose own name holds the dots', () => {
    expect(getField({ 'a.b': 1 }, 'a.b')).toBe(1);
    expect(getField({ x: { 'a.b': 1 } }, 'x.a.b')).toBe(1);
  });

  it('sees no members that an object only inherits', () => {
    expect(getField({}, 'constructor')).toBeUndefined();
    expect(getField({}, '__proto__.toString')).toBeUndefined();
  });
});

describe('setField', () => {
  it('makes the objects on the way and leaves the original alone', () => {
    const before: Metadata = { A: { X: 1 } };
    expect(setField(before, 'A.B.C', 2)).toEqual({ A: { X: 1, B: { C: 2 } } });
    expect(before).toEqual({ A: { X: 1 } });
  });

  it('replaces a text that stands where an object is needed', () => {
    expect(setField({ A: 'text' }, 'A.B', 2)).toEqual({ A: { B: 2 } });
  });

  it('stores a member called __proto__ like any other', () => {
    const after = setField({}, '__proto__.polluted', true);
    expect(Object.keys(after)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('deleteField', () => {
  it('removes emptied parents (WebSocket notes, case W25)', () => {
    expect(deleteField({ z: { q: 1 } }, 'z.q')).toEqual({});
    expect(deleteField({ z: { q: { r: 1 } }, k: 1 }, 'z.q.r')).toEqual({ k: 1 });
  });

  it('returns the same object when there is nothing to delete', () => {
    const metadata: Metadata = { a: { b: 1 } };
    expect(deleteField(metadata, 'a.c')).toBe(metadata);
    expect(deleteField(metadata, 'x.y')).toBe(metadata);
  });
});

describe('fieldKeys', () => {
  it('lists objects and their members, and does not enter lists', () => {
    expect(fieldKeys(NESTED)).toEqual(['A', 'A.B', 'A.B.C', 'Name', 'List']);
  });
});

describe('jsonEquals', () => {
  it('ignores the order of members and keeps the order of lists', () => {
    expect(jsonEquals({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(jsonEquals([1, 2], [2, 1])).toBe(false);
    expect(jsonEquals({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(jsonEquals([], {})).toBe(false);
  });
});

describe('diffMetadata', () => {
  it('names only what changed', () => {
    expect(diffMetadata({ A: { B: 1, C: 2 }, D: 3 }, { A: { B: 1, C: 4 } })).toEqual([
      { kind: 'delete', key: 'D' },
      { kind: 'set', key: 'A.C', value: 4 },
    ]);
  });

  it('keeps an object that became empty', () => {
    const before: Metadata = { A: { B: 1 } };
    expect(applyOps(before, diffMetadata(before, { A: {} }))).toEqual({ A: {} });
  });

  it('says nothing about equal metadata', () => {
    expect(diffMetadata(NESTED, structuredClone(NESTED))).toEqual([]);
  });

  it('turns any metadata into any other when applied', () => {
    const name = constantFrom('a', 'b', 'c', 'a.b', '__proto__', '');
    const value = letrec<{ json: Json }>((tie) => ({
      json: oneof(
        { depthSize: 'small' },
        constantFrom<Json>(null, true, 0, 'x', [], {}),
        array(tie('json'), { maxLength: 2 }),
        dictionary(name, tie('json'), { maxKeys: 3 }) as Arbitrary<Json>,
      ),
    })).json;
    const metadata = dictionary(name, value, { maxKeys: 4 }) as Arbitrary<Metadata>;
    assert(
      property(metadata, metadata, (before, after) => {
        pre(!hasDottedName(before) && !hasDottedName(after));
        expect(jsonEquals(applyOps(before, diffMetadata(before, after)), after)).toBe(true);
      }),
    );
  });
});
