import { expect, test } from 'vitest';
import { agoText, localInput, readLocalInput } from '../../../ui/model/times.ts';

test('a time goes into the field of the browser and comes back to the second', () => {
  const ms = Date.UTC(2026, 10, 27, 18, 5, 9);
  expect(readLocalInput(localInput(ms))).toBe(ms);
  expect(['', 'yesterday'].map(readLocalInput)).toEqual([undefined, undefined]);
});

test('how long ago, in the two largest units', () => {
  expect([0, 1, 60, 90, 1_440, 1_505, 525_600].map(agoText)).toEqual([
    'now',
    '1 min ago',
    '1 h ago',
    '1 h 30 min ago',
    '1 d ago',
    '1 d 1 h ago',
    '365 d ago',
  ]);
});
