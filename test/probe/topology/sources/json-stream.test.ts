/** JSON values on a socket: however they are cut into parts, and when they are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../core/graph/element.ts';
import { normalised } from '../../../../probe/topology/sources/json-read.ts';
import { JsonStream } from '../../../../probe/topology/sources/json-stream.ts';
import { SourceError } from '../../../../probe/topology/sources/source.ts';

const push = (stream: JsonStream, text: string): Json[] => stream.push(Buffer.from(text));

describe('JsonStream', () => {
  it('gives what was sent, wherever it was cut and with anything blank between', () => {
    const value = fc.oneof(fc.object({ key: fc.string(), maxDepth: 3 }), fc.array(fc.string()));
    fc.assert(
      fc.property(
        fc.array(value),
        fc.constantFrom('', '\n', ' \r\n\t'),
        fc.infiniteStream(fc.nat(9)),
        (values, gap, cuts) => {
          const bytes = Buffer.from(values.map((each) => JSON.stringify(each)).join(gap));
          const stream = new JsonStream();
          const got: Json[] = [];
          for (let at = 0; at < bytes.length;) {
            const length = 1 + cuts.next().value!;
            got.push(...stream.push(bytes.subarray(at, at + length)));
            at += length;
          }
          expect(got).toEqual(JSON.parse(JSON.stringify(values)));
          expect(stream.isInside).toBe(false);
        },
      ),
    );
  });

  it.each(['no', '12', '"text"', '}', 'HTTP/1.1 400', '\0'])('refuses %j, which begins no object', (text) => {
    expect(() => push(new JsonStream(), text)).toThrow(SourceError);
  });

  it.each(['{"a":}', '{a:1}', '[1,]', '{"a":1]', "{'a':1}"])('refuses %j, which is no JSON', (text) => {
    expect(() => push(new JsonStream(), text)).toThrow(SourceError);
  });

  it('refuses a value that is too long before it is whole', () => {
    const stream = new JsonStream(100);
    push(stream, `{"a":"${'x'.repeat(80)}`);
    expect(() => push(stream, 'x'.repeat(20))).toThrow('a message of more than 100 bytes');
    expect(push(new JsonStream(10), '{"a":"b"}{"a":"c"}')).toEqual([{ a: 'b' }, { a: 'c' }]);
  });

  it('throws nothing but SourceError', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          new JsonStream(1_000).push(Uint8Array.of(0x7b, ...bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
        }
      }),
    );
  });
});

describe('normalised', () => {
  it.each([
    [
      { 'a.b': '1', c: '2' },
      { a: { b: '1' }, c: '2' },
    ],
    [{ 'a.b': '1', a: '2' }, { a: { b: '1' } }],
    [{ 'a.b': '1', 'a.c': '2' }, { a: { b: '1', c: '2' } }],
    [
      { __proto__x: '1', 'constructor.name': '2' },
      { __proto__x: '1', constructor: { name: '2' } },
    ],
    [{ [`${'a.'.repeat(40)}b`]: '1' }, { [`${'a.'.repeat(40)}b`]: '1' }],
  ])('makes of %j objects within objects', (labels, expected) => {
    expect(normalised(labels as Record<string, string>)).toEqual(expected);
  });
});
