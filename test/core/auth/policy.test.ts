import { describe, expect, test } from 'vitest';
import { isAllowed, permissionsOf, PolicyError, readPolicy, readScope } from '../../../core/auth/policy.ts';
import { nobody, openPrincipal, type Principal } from '../../../core/auth/principal.ts';

const who = (name: string, ...roles: string[]): Principal => ({ name, kind: 'user', roles });
const may = (text: string, asker: Principal, object: string, action = 'read') =>
  isAllowed(readPolicy(text), asker, { object, action });

describe('a policy', () => {
  test('without lines has the built-in roles (REST section 3)', () => {
    expect(may('', openPrincipal, 'anything', 'fly')).toBe(true);
    expect(may('', who('u', 'user'), 'capture', 'write')).toBe(true);
    expect(may('', who('u', 'user'), 'audit')).toBe(false);
    expect(may('', who('g', 'guest'), 'topology')).toBe(true);
    expect(may('', who('g', 'guest'), 'config')).toBe(false);
    expect(may('', who('p', 'probe'), 'websocket', '/ws/probe/flow')).toBe(true);
    expect(may('', who('p', 'probe'), 'topology')).toBe(false);
    expect(may('', nobody, 'topology')).toBe(false);
  });

  test('gives to users and roles, and to what these belong to', () => {
    const text =
      '# ours\np, ops, capture, *, allow\ng, ann, ops\ng, ops, guest\n\np, ann, capture, write, deny';
    expect(may(text, who('ann'), 'capture', 'read')).toBe(true);
    expect(may(text, who('ann'), 'capture', 'write')).toBe(false);
    expect(may(text, who('ann'), 'topology')).toBe(true);
    expect(may(text, who('bob', 'ops'), 'capture', 'write')).toBe(true);
    expect(may('g, a, b\ng, b, a', who('a'), 'topology')).toBe(false);
  });

  test('gives nothing to a user that is called like a role', () => {
    expect(may('', who('admin'), 'topology')).toBe(false);
    expect(may('', { ...who('admin'), kind: 'jwt' }, 'topology')).toBe(false);
  });

  test.each(['p, a, b', 'p, a, b, c, maybe', 'q, a, b', 'g, a', 'p, , b, c, allow'])(
    'with the line %j is refused, naming it',
    (line) => {
      expect(() => readPolicy(`\n${line}`)).toThrow(PolicyError);
      expect(() => readPolicy(`\n${line}`)).toThrow(/^line 2: /);
    },
  );
});

test('scopes narrow what the roles give, and never widen it', () => {
  const scoped: Principal = { ...who('t', 'user'), scopes: [{ object: '*', action: 'read' }] };
  expect(may('', scoped, 'capture', 'read')).toBe(true);
  expect(may('', scoped, 'capture', 'write')).toBe(false);
  expect(may('', scoped, 'audit', 'read')).toBe(false);
});

test.each([
  ['capture:read', { object: 'capture', action: 'read' }],
  ['*:*', { object: '*', action: '*' }],
  ['websocket:/ws/subscriber', { object: 'websocket', action: '/ws/subscriber' }],
  ['capture', undefined],
  ['captures:read', undefined],
  ['topology:write', undefined],
])('the scope %s', (text, scope) => {
  expect(readScope(text)).toEqual(scope);
});

test('permissions are told in one order, with what is not allowed', () => {
  const told = permissionsOf(readPolicy(''), who('g', 'guest'));
  expect(told[0]).toEqual({ Object: 'topology', Action: 'read', Allowed: true });
  expect(told).toContainEqual({ Object: 'capture', Action: 'rawpackets', Allowed: false });
});
