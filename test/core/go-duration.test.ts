import { describe, expect, test } from 'vitest';
import { DurationError, parseGoDuration } from '../../core/go-duration.ts';

/** Expected values: Go's documentation of time.ParseDuration and arithmetic. */
describe('parseGoDuration', () => {
  test.each([
    ['0', 0],
    ['+0', 0],
    ['5s', 5000],
    ['1.5s', 1500],
    ['1h2m3.5s', 3_723_500],
    ['-1m', -60_000],
    ['+.5s', 500],
    ['1.s', 1000],
    ['100ms', 100],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['250ns', 0.00025],
    ['0.3ns', 0],
    ['1s1s', 2000],
  ])('reads %s', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });

  test.each([
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['3', 'time: missing unit in duration "3"'],
    ['1h5', 'time: missing unit in duration "1h5"'],
    ['1.5', 'time: missing unit in duration "1.5"'],
    ['5y', 'time: unknown unit "y" in duration "5y"'],
    ['5S', 'time: unknown unit "S" in duration "5S"'],
    ['1 s', 'time: unknown unit " s" in duration "1 s"'],
    ['1constructor', 'time: unknown unit "constructor" in duration "1constructor"'],
    ['1é', 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
    ['a"b', 'time: invalid duration "a\\"b"'],
  ])('refuses %j as Go does', (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(new DurationError(message));
  });
});
