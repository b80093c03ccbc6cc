import { expect, test } from 'vitest';
import { digestOf, saysSomething } from '../../../core/alert/outcome.ts';

const node = (id: string, metadata: object, revision = 1) => ({
  ID: id,
  Metadata: metadata,
  Host: 'h',
  Origin: 'o',
  Revision: revision,
});

test.each([
  [[], false],
  [0, false],
  ['', false],
  [false, false],
  [null, false],
  [undefined, false],
  [{}, false],
  [[1], true],
  [3, true],
  ['x', true],
  [{ a: 1 }, true],
])('%j says something: %s', (answer, says) => {
  expect(saysSomething(answer)).toBe(says);
});

test('the order of a result says nothing', () => {
  const [a, b] = [node('a', { Name: 'a', X: { p: 1, q: 2 } }), node('b', { Name: 'b' })];
  expect(digestOf([a, b])).toBe(digestOf([b, a]));
  expect(digestOf([a, b])).toBe(digestOf([b, node('a', { X: { q: 2, p: 1 }, Name: 'a' })]));
});

test('counters and revisions say nothing, other metadata does', () => {
  const before = digestOf([node('a', { Name: 'a', State: 'UP', Metric: { RxBytes: 1 } })]);
  expect(digestOf([node('a', { Name: 'a', State: 'UP', Metric: { RxBytes: 2 } }, 7)])).toBe(before);
  expect(digestOf([node('a', { Name: 'a', State: 'DOWN', Metric: { RxBytes: 1 } })])).not.toBe(before);
  expect(digestOf([node('b', { Name: 'a', State: 'UP' })])).not.toBe(before);
});

test('of flows it counts which they are', () => {
  const flow = (uuid: string, bytes: number) => ({
    UUID: uuid,
    LayersPath: 'Ethernet',
    Metric: { ABBytes: bytes },
  });
  expect(digestOf([flow('1', 10), flow('2', 1)])).toBe(digestOf([flow('2', 5), flow('1', 99)]));
  expect(digestOf([flow('1', 10)])).not.toBe(digestOf([flow('3', 10)]));
});

test('numbers and texts are what they are', () => {
  expect(digestOf(3)).not.toBe(digestOf(4));
  expect(digestOf('3')).not.toBe(digestOf(3));
  expect(digestOf(['a', 'b'])).toBe(digestOf(['b', 'a']));
  expect(digestOf(['a', 'a'])).not.toBe(digestOf(['a']));
});
