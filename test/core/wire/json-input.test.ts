import { describe, expect, test } from 'vitest';
import { decodeMembers, firstJsonValue, InputError } from '../../../core/wire/json-input.ts';

describe('firstJsonValue', () => {
  test.each([
    ['{"a":1}', { a: 1 }, false],
    [' \n{"a":1}\n', { a: 1 }, false],
    ['{"a":1} xx', { a: 1 }, true],
    ['{"a":1}{"b":2}', { a: 1 }, true],
    ['{"a":"}\\"{"}]', { a: '}"{' }, true],
    ['[[1],[2]],', [[1], [2]], true],
    ['"x" y', 'x', true],
    ['12 34', 12, true],
    ['true,', true, true],
    ['null', null, false],
    ['{"a":1,"a":2}', { a: 2 }, false],
  ])('reads %j', (text, value, more) => {
    expect(firstJsonValue(text)).toEqual({ value, more });
  });

  test.each([
    ['', 'EOF'],
    [' \t\r\n', 'EOF'],
    ['{', 'unexpected EOF'],
    ['{"a', 'unexpected EOF'],
    ['[[]', 'unexpected EOF'],
    ['"abc\\"', 'unexpected EOF'],
  ])('tells that %j ends too early', (text, message) => {
    expect(() => firstJsonValue(text)).toThrow(new InputError(message));
  });

  test.each(['x', '}', '{a:1}', '{"a":}', "{'a':1}", '[1,]', 'nul', '01', '{"a"}', '\u00a0{}'])(
    'refuses %j',
    (text) => {
      expect(() => firstJsonValue(text)).toThrow(/^invalid JSON: /);
    },
  );

  test('is not stopped by depth', () => {
    const depth = 100_000;
    expect(() => firstJsonValue('['.repeat(depth))).toThrow('unexpected EOF');
    expect(firstJsonValue(`${'['.repeat(1000)}${']'.repeat(1000)}`).more).toBe(false);
  });
});

describe('decodeMembers', () => {
  const kinds = { Name: 'string', Port: 'int', Rate: 'uint32', On: 'bool' } as const;

  test('takes the members of the table, by exact name, and leaves out nulls', () => {
    const input = { Name: 'a', Port: -1, Rate: 4_294_967_295, On: false, name: 'b', Other: {} };
    expect(decodeMembers(input, kinds)).toEqual({ Name: 'a', Port: -1, Rate: 4_294_967_295, On: false });
    expect(decodeMembers({ Name: null }, kinds)).toEqual({});
  });

  test('is not fooled by names that objects inherit', () => {
    expect(decodeMembers(JSON.parse('{"__proto__":{"Name":"x"}}'), kinds)).toEqual({});
    expect(decodeMembers({}, { toString: 'string' })).toEqual({});
  });

  test.each([
    [null, 'unsupported type'],
    [[], 'parse error: expected {'],
    ['x', 'parse error: expected {'],
    [{ Name: 1 }, 'parse error: expected string for member Name'],
    [{ Port: '1' }, 'parse error: expected number for member Port'],
    [{ On: 1 }, 'parse error: expected bool for member On'],
    [{ Port: 1.5 }, 'parse error: strconv.ParseInt: parsing "1.5": invalid syntax in member Port'],
    [{ Rate: -1 }, 'parse error: strconv.ParseUint: parsing "-1": invalid syntax in member Rate'],
    [
      { Rate: 2 ** 32 },
      'parse error: strconv.ParseUint: parsing "4294967296": value out of range in member Rate',
    ],
    [
      { Port: 2 ** 60 },
      'parse error: strconv.ParseInt: parsing "1152921504606847000": value out of range in member Port',
    ],
  ])('refuses %j', (input, message) => {
    expect(() => decodeMembers(input, kinds)).toThrow(new InputError(message));
  });
});
