/** JSON Patch: the examples of RFC 6902, appendix A and section 4, the texts of the reference, and hostile patches. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../core/graph/element.ts';
import { applyPatch } from '../../../core/wire/json-patch.ts';

interface Case {
  readonly name: string;
  readonly before: Json;
  readonly patch: readonly unknown[];
  readonly after: Json;
}

const rfc: readonly Case[] = [
  {
    name: 'A.1 adding an object member',
    before: { foo: 'bar' },
    patch: [{ op: 'add', path: '/baz', value: 'qux' }],
    after: { baz: 'qux', foo: 'bar' },
  },
  {
    name: 'A.2 adding an array element',
    before: { foo: ['bar', 'baz'] },
    patch: [{ op: 'add', path: '/foo/1', value: 'qux' }],
    after: { foo: ['bar', 'qux', 'baz'] },
  },
  {
    name: 'A.3 removing an object member',
    before: { baz: 'qux', foo: 'bar' },
    patch: [{ op: 'remove', path: '/baz' }],
    after: { foo: 'bar' },
  },
  {
    name: 'A.4 removing an array element',
    before: { foo: ['bar', 'qux', 'baz'] },
    patch: [{ op: 'remove', path: '/foo/1' }],
    after: { foo: ['bar', 'baz'] },
  },
  {
    name: 'A.5 replacing a value',
    before: { baz: 'qux', foo: 'bar' },
    patch: [{ op: 'replace', path: '/baz', value: 'boo' }],
    after: { baz: 'boo', foo: 'bar' },
  },
  {
    name: 'A.6 moving a value',
    before: { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    patch: [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    after: { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  },
  {
    name: 'A.7 moving an array element',
    before: { foo: ['all', 'grass', 'cows', 'eat'] },
    patch: [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    after: { foo: ['all', 'cows', 'eat', 'grass'] },
  },
  {
    name: 'A.8 testing a value: success',
    before: { baz: 'qux', foo: ['a', 2, 'c'] },
    patch: [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    after: { baz: 'qux', foo: ['a', 2, 'c'] },
  },
  {
    name: 'A.10 adding a nested member object',
    before: { foo: 'bar' },
    patch: [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    after: { foo: 'bar', child: { grandchild: {} } },
  },
  {
    name: 'A.11 ignoring unrecognized elements',
    before: { foo: 'bar' },
    patch: [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
    after: { foo: 'bar', baz: 'qux' },
  },
  {
    name: 'A.14 ~ escape ordering',
    before: { '/': 9, '~1': 10 },
    patch: [{ op: 'test', path: '/~01', value: 10 }],
    after: { '/': 9, '~1': 10 },
  },
  {
    name: 'A.16 adding an array value',
    before: { foo: ['bar'] },
    patch: [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
    after: { foo: ['bar', ['abc', 'def']] },
  },
  {
    name: '4.1 add replaces an existing member, also by null',
    before: { a: { b: 1 } },
    patch: [{ op: 'add', path: '/a/b', value: null }],
    after: { a: { b: null } },
  },
  {
    name: '4.1 add to the root replaces the document',
    before: { a: 1 },
    patch: [{ op: 'add', path: '', value: [1] }],
    after: [1],
  },
  {
    name: '4.3 replace of the root',
    before: { a: 1 },
    patch: [{ op: 'replace', path: '', value: 'x' }],
    after: 'x',
  },
  {
    name: '4.5 copy leaves the original alone when the copy changes',
    before: { a: { n: [1] } },
    patch: [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/n/-', value: 2 },
    ],
    after: { a: { n: [1] }, b: { n: [1, 2] } },
  },
  {
    name: '4.6 members compare in any order',
    before: { a: { x: 1, y: [2] } },
    patch: [{ op: 'test', path: '/a', value: { y: [2], x: 1 } }],
    after: { a: { x: 1, y: [2] } },
  },
  {
    name: 'the member with the empty name',
    before: { '': 1 },
    patch: [{ op: 'replace', path: '/', value: 2 }],
    after: { '': 2 },
  },
  {
    name: 'the reference replaces what is not there',
    before: {},
    patch: [{ op: 'replace', path: '/Name', value: 'x' }],
    after: { Name: 'x' },
  },
  {
    name: 'moving something onto itself',
    before: { a: 1 },
    patch: [{ op: 'move', from: '/a', path: '/a' }],
    after: { a: 1 },
  },
];

describe('applyPatch', () => {
  test.each(rfc)('$name', ({ before, patch, after }) => {
    const text = JSON.stringify(before);
    expect(applyPatch(before, patch)).toEqual(after);
    expect(JSON.stringify(before)).toBe(text);
  });

  test.each<[string, Json, unknown]>([
    ['Unexpected kind: bogus', {}, { op: 'bogus', path: '/a' }],
    ['Unexpected kind: toString', {}, { op: 'toString', path: '/a' }],
    ['Unexpected kind: unknown', {}, { path: '/a' }],
    ['Unexpected kind: unknown', {}, 5],
    [
      "error in remove for path: '/Metadata/x': Unable to remove nonexistent key: x: missing value",
      { Metadata: {} },
      { op: 'remove', path: '/Metadata/x' },
    ],
    [
      'add operation does not apply: doc is missing path: "/a/b": missing value',
      {},
      { op: 'add', path: '/a/b', value: 1 },
    ],
    [
      'replace operation does not apply: doc is missing path: /no/such: missing value',
      {},
      { op: 'replace', path: '/no/such', value: 'y' },
    ],
    ['testing value /Name failed: test failed', { Name: 'a' }, { op: 'test', path: '/Name', value: 'b' }],
    // RFC 6902, A.9, A.12, A.15.
    ['testing value /baz failed: test failed', { baz: 'qux' }, { op: 'test', path: '/baz', value: 'bar' }],
    [
      'add operation does not apply: doc is missing path: "/baz/bat": missing value',
      { foo: 'bar' },
      { op: 'add', path: '/baz/bat', value: 'qux' },
    ],
    [
      'testing value /~01 failed: test failed',
      { '/': 9, '~1': 10 },
      { op: 'test', path: '/~01', value: '10' },
    ],
    [
      "error in add for path: '/a/1e0': value was not a proper array index: '1e0'",
      { a: [1, 2] },
      { op: 'add', path: '/a/1e0', value: 3 },
    ],
    [
      "error in add for path: '/a/3': Unable to access invalid index: 3: invalid index referenced",
      { a: [1, 2] },
      { op: 'add', path: '/a/3', value: 3 },
    ],
    [
      "error in remove for path: '/a/-': value was not a proper array index: '-'",
      { a: [1] },
      { op: 'remove', path: '/a/-' },
    ],
    [
      'move operation does not apply: doc is missing from path: /b: missing value',
      { a: 1 },
      { op: 'move', from: '/b', path: '/a' },
    ],
    [
      'move operation does not apply: doc is missing destination path: /a/b: missing value',
      { a: { b: 1 } },
      { op: 'move', from: '/a', path: '/a/b' },
    ],
    [
      'copy operation does not apply: doc is missing from path: /b: missing value',
      {},
      { op: 'copy', from: '/b', path: '/a' },
    ],
    ['add operation failed to decode value: missing value', {}, { op: 'add', path: '/a' }],
    ['add operation failed to decode path: missing value', {}, { op: 'add', path: 5, value: 1 }],
    ['move operation failed to decode from: missing value', {}, { op: 'move', path: '/a' }],
    [
      'add operation does not apply: doc is missing path: "a": missing value',
      {},
      { op: 'add', path: 'a', value: 1 },
    ],
    [
      'remove operation does not apply: doc is missing path: "": missing value',
      {},
      { op: 'remove', path: '' },
    ],
  ])('refuses with: %s', (text, before, operation) => {
    expect(() => applyPatch(before, [operation])).toThrow(text);
  });

  test('names of the prototype are members like any other', () => {
    const before = JSON.parse('{"__proto__":{"a":1},"b":{}}') as Json;
    const after = applyPatch(before, [
      { op: 'add', path: '/__proto__/polluted', value: true },
      { op: 'add', path: '/b/constructor', value: 1 },
    ]);
    expect(JSON.stringify(after)).toBe('{"__proto__":{"a":1,"polluted":true},"b":{"constructor":1}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(() => applyPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }])).toThrow(
      /missing path/,
    );
    expect(() => applyPatch({}, [{ op: 'remove', path: '/toString' }])).toThrow(/nonexistent key/);
  });

  test('a patch that costs too much is refused: wide copies, endless tests, very long paths', () => {
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`k${at}`, at]));
    const adds = Array.from({ length: 20 }, (_, at) => ({ op: 'add', path: `/n${at}`, value: 1 }));
    expect(() => applyPatch(wide, adds)).toThrow(/copies more than/);
    const tests = Array.from({ length: 20 }, () => ({ op: 'test', path: '', value: wide }));
    expect(() => applyPatch(wide, tests)).toThrow(/copies more than/);
    expect(() => applyPatch({}, [{ op: 'add', path: '/a'.repeat(300_000), value: 1 }])).toThrow(
      /missing path/,
    );
  });

  test('doubling by copy shares what it copies instead of growing', () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '', path: '/a' }));
    expect(() => applyPatch({ x: 1 }, doubling)).not.toThrow();
  });

  test('any patch of well-formed operations ends, and leaves the document alone', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '0', '1', '-', '', '~0'), { maxLength: 4 });
    const pointer = path.map((tokens) => tokens.map((token) => `/${token}`).join(''));
    const value = fc.jsonValue({ maxDepth: 3 });
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value,
    });
    fc.assert(
      fc.property(value, fc.array(operation, { maxLength: 6 }), (before, patch) => {
        const text = JSON.stringify(before);
        try {
          expect(applyPatch(before as Json, patch)).toBeDefined();
        } catch (error) {
          expect((error as Error).name).toBe('PatchError');
        }
        expect(JSON.stringify(before)).toBe(text);
      }),
    );
  });
});
