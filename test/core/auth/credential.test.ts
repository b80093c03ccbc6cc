import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownToken, readOwnToken, shownCredential } from '../../../core/auth/credential.ts';

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

test.each([
  ['user:password', { kind: 'basic', user: 'user', password: 'password' }],
  ['user:', { kind: 'basic', user: 'user', password: '' }],
  [':', { kind: 'basic', user: '', password: '' }],
  ['u:a:b', { kind: 'basic', user: 'u', password: 'a:b' }],
  ['ü:pässword', { kind: 'basic', user: 'ü', password: 'pässword' }],
])('the pair %s', (pair, credential) => {
  expect(shownCredential({ authorization: basic(pair) })).toEqual({ credential, isCookie: false });
});

test('the first place wins: header, X-Auth-Token, parameter, cookie', () => {
  const cookie = 'authtoken=c1; authtoken=c2';
  const all = { authorization: 'Bearer a1', authToken: 't1', cookie, parameter: 'p1' };
  const text = (places: Parameters<typeof shownCredential>[0]) => {
    const shown = shownCredential(places);
    return shown?.credential.kind === 'token' ? shown.credential.text : undefined;
  };
  expect(text(all)).toBe('a1');
  expect(text({ ...all, authorization: undefined })).toBe('t1');
  expect(text({ cookie, parameter: 'p1' })).toBe('p1');
  expect(text({ cookie })).toBe('c2');
  expect(shownCredential({ cookie: 'authtokens=x; other' })).toBeUndefined();
  expect(shownCredential({})).toBeUndefined();
});

test.each(['Basic', 'Bearer', '', '   ', 'a b c', 'Basic \u{e9}', 'x'.repeat(9_000)])(
  'the header %j is none',
  (authorization) => {
    expect(shownCredential({ authorization })?.credential.kind).toBe('malformed');
  },
);

test('whatever stands anywhere is read without an error', () => {
  const text = fc.option(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String()), {
    nil: undefined,
  });
  fc.assert(
    fc.property(text, text, text, text, (authorization, authToken, cookie, parameter) => {
      const shown = shownCredential({ authorization, authToken, cookie, parameter });
      expect(shown === undefined || ['basic', 'token', 'malformed'].includes(shown.credential.kind)).toBe(
        true,
      );
    }),
  );
});

test('a token of ours is known by its form', () => {
  const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index * 37);
  const token = ownToken(false, bytes(16), bytes(32));
  expect(readOwnToken(token.text)).toEqual({ id: token.id, isSession: false });
  expect(readOwnToken(ownToken(true, bytes(16), bytes(32)).text)?.isSession).toBe(true);
  expect(readOwnToken(`${token.text}a`)).toBeUndefined();
  expect(readOwnToken('edg_short_x')).toBeUndefined();
});
