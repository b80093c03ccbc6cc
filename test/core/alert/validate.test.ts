/** Rows R41, R42 of the REST reference notes, section 17, and what section 16 adds. */
import { expect, test } from 'vitest';
import { gremlinOf, intervalOf, readAlert } from '../../../core/alert/validate.ts';

const errors = (input: object) => {
  const read = readAlert(input, 0);
  return 'errors' in read ? read.errors : [];
};

test('what is missing or wrong is told, a line each', () => {
  expect(errors({})).toEqual(['Expression: zero value']);
  expect(errors({ Expression: 'G', Trigger: 'bogus', Action: 'ftp://x' })).toEqual([
    'Action: regular expression mismatch',
    'Trigger: regular expression mismatch',
  ]);
});

test.each(['duration:abc', 'duration:', 'duration:-5s', 'duration:0s', 'duration', 'Graph'])(
  'the trigger %s is refused',
  (Trigger) => {
    expect(errors({ Expression: 'G', Trigger })).toEqual(['Trigger: regular expression mismatch']);
  },
);

test('programs are not run', () => {
  expect(errors({ Expression: 'G', Action: 'file:///bin/true' })[0]).toMatch(
    /^Action: regular expression mismatch: programs/,
  );
});

test('members that are absent are empty; the time is now, or the one that was given', () => {
  expect(readAlert({ Expression: 'G' }, 0)).toEqual({
    alert: {
      Name: '',
      Description: '',
      Expression: 'G',
      Action: '',
      Trigger: '',
      CreateTime: '1970-01-01T00:00:00.000Z',
    },
  });
  expect(() => readAlert({ Expression: 'G', CreateTime: 'yesterday' }, 0)).toThrow(/RFC 3339/);
});

test('triggers and expressions are understood', () => {
  expect(intervalOf('duration:1m30s')).toBe(90_000);
  expect(intervalOf('duration:5ms')).toBe(1_000);
  expect(intervalOf('graph')).toBeUndefined();
  expect(gremlinOf("G.V().Has('Name','x')")).toEqual({ asksFlows: false });
  expect(gremlinOf("G.Flows().Has('Application','DNS')")).toEqual({ asksFlows: true });
  expect(gremlinOf('1 == 2')).toBeUndefined();
});
