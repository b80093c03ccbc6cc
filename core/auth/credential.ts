/**
 * What a request shows to say who asks, and where (REST reference notes, section 2). The places are those of the
 * reference; an explicit header wins over a cookie, so that a stale cookie hides nothing.
 */

export type Credential =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  /** Anything else: a token of ours, a session's, a JWT. */
  | { readonly kind: 'token'; readonly text: string }
  /** Something is there that can be no credential. */
  | { readonly kind: 'malformed' };

export interface Shown {
  readonly credential: Credential;
  /** A browser sends a cookie by itself, so that the page that made it ask must be checked too. */
  readonly isCookie: boolean;
}

export interface Places {
  readonly authorization?: string | undefined;
  readonly authToken?: string | undefined;
  /** The whole Cookie header. */
  readonly cookie?: string | undefined;
  /** The query parameter `x-auth-token`. */
  readonly parameter?: string | undefined;
}

export const AUTH_COOKIE = 'authtoken';
const CREDENTIAL_CHARS_MAX = 8_192;

/** The first place that has something. */
export function shownCredential({ authorization, authToken, cookie, parameter }: Places): Shown | undefined {
  if (authorization !== undefined) return { credential: readHeader(authorization), isCookie: false };
  if (authToken !== undefined && authToken !== '')
    return { credential: readText(authToken), isCookie: false };
  const kept = cookie === undefined ? undefined : cookieValue(cookie, AUTH_COOKIE);
  // A parameter is said on purpose, like a header.
  if (parameter !== undefined && parameter !== '')
    return { credential: readText(parameter), isCookie: false };
  if (kept !== undefined && kept !== '') return { credential: readText(kept), isCookie: true };
  return undefined;
}

/** `Basic …`, `Bearer …`, any other word in front, or none, as in the reference. */
function readHeader(text: string): Credential {
  const [, rest = ''] = /^\s*(?:\S+\s+)?(\S+)\s*$/.exec(text) ?? [];
  if (rest === '' || /^(basic|bearer)$/i.test(rest)) return { kind: 'malformed' };
  return readText(rest);
}

function readText(text: string): Credential {
  if (text.length > CREDENTIAL_CHARS_MAX || !/^[\x21-\x7e]+$/.test(text)) return { kind: 'malformed' };
  if (isOwnToken(text) || isJwt(text)) return { kind: 'token', text };
  return readBasic(text) ?? { kind: 'token', text };
}

/** base64 of `user:password`, RFC 7617; UTF-8. */
function readBasic(text: string): Credential | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.codePointAt(0) ?? 0);
    const pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
    const colon = pair.indexOf(':');
    if (colon < 0) return undefined;
    return { kind: 'basic', user: pair.slice(0, colon), password: pair.slice(colon + 1) };
  } catch {
    return undefined;
  }
}

export function isJwt(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text);
}

/** `edg_<id>_<secret>` is a token, `eds_…` what a login gives. */
const OWN_TOKEN = /^(edg|eds)_([a-z0-9]{16})_([\w-]{43})$/;

export interface OwnToken {
  readonly id: string;
  readonly isSession: boolean;
}

export function readOwnToken(text: string): OwnToken | undefined {
  const [, kind, id] = OWN_TOKEN.exec(text) ?? [];
  return id === undefined ? undefined : { id, isSession: kind === 'eds' };
}

function isOwnToken(text: string): boolean {
  return OWN_TOKEN.test(text);
}

/** Of 32 random bytes for the secret and 16 for the id. */
export function ownToken(
  isSession: boolean,
  idBytes: Uint8Array,
  secretBytes: Uint8Array,
): { id: string; text: string } {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz012345';
  const id = Array.from(idBytes, (byte) => alphabet[byte & 31]!).join('');
  const secret = btoa(String.fromCodePoint(...secretBytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  return { id, text: `${isSession ? 'eds' : 'edg'}_${id}_${secret}` };
}

/** The last cookie of the name, RFC 6265 section 5.4; quotes around it are not part of it. */
function cookieValue(header: string, name: string): string | undefined {
  let found: string | undefined;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    found = part
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return found;
}
