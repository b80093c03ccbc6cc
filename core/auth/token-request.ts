/** From what a client asks for to a token that may be made: nobody gives away more than they have. */
import { DurationError, parseGoDuration } from '../go-duration.ts';
import { InputError } from '../wire/json-input.ts';
import { readScope } from './policy.ts';
import type { Principal } from './principal.ts';

export interface TokenWanted {
  readonly name: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | undefined;
  readonly hostId: string;
  readonly ttlMs: number | undefined;
}

export type TokenAnswer =
  | TokenWanted
  /** Broken rules, `<Member>: <text>`. */
  | { readonly errors: readonly string[] }
  /** More than whoever asks may give. */
  | { readonly refused: string };

const NAME_CHARS_MAX = 128;
const LIST_MAX = 64;
const HOST_ID = /^[\x21-\x7e]{1,255}$/;
const ROLE = /^[\w.-]{1,64}$/;

/** Throws InputError when it is no object. */
export function readTokenRequest(input: unknown, who: Principal): TokenAnswer {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new InputError('unsupported type');
  const given = input as Readonly<Record<string, unknown>>;
  const errors: string[] = [];
  const name = textOf(given, 'Name', errors);
  const hostId = textOf(given, 'HostID', errors);
  const scopes = listOf(given, 'Scopes', errors);
  const asked = listOf(given, 'Roles', errors);
  const ttlMs = ttlOf(textOf(given, 'ExpiresIn', errors), errors);
  if (name === '') errors.push('Name: zero value');
  if (name.length > NAME_CHARS_MAX || /\p{Cc}/u.test(name))
    errors.push(`Name: at most ${NAME_CHARS_MAX} characters, none of them a control character`);
  if (hostId !== '' && !HOST_ID.test(hostId)) errors.push('HostID: printable ASCII without blanks');
  for (const scope of scopes ?? [])
    if (readScope(scope) === undefined) errors.push(`Scopes: '${scope.slice(0, 64)}' is no object:action`);
  for (const role of asked ?? [])
    if (!ROLE.test(role)) errors.push(`Roles: '${role.slice(0, 64)}' can be no role`);
  if (hostId !== '' && asked !== undefined && asked.join() !== 'probe')
    errors.push('Roles: a token with a HostID has the role probe, and no other');
  if (errors.length > 0) return { errors };
  const roles = hostId === '' ? (asked ?? who.roles) : ['probe'];
  const refused = refusalOf(who, roles);
  return refused === undefined ? { name, roles, scopes, hostId, ttlMs } : { refused };
}

function refusalOf(who: Principal, roles: readonly string[]): string | undefined {
  if (who.scopes !== undefined) return `'${who.name}' has scopes, and can make no further tokens`;
  if (who.roles.includes('admin')) return undefined;
  const foreign = roles.find((role) => !who.roles.includes(role));
  return foreign === undefined ? undefined : `'${who.name}' has no role '${foreign}' to give`;
}

function textOf(given: Readonly<Record<string, unknown>>, name: string, errors: string[]): string {
  const value = given[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  errors.push(`${name}: must be a text`);
  return '';
}

function listOf(
  given: Readonly<Record<string, unknown>>,
  name: string,
  errors: string[],
): readonly string[] | undefined {
  const value = given[name];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.length <= LIST_MAX && value.every((one) => typeof one === 'string'))
    return value;
  errors.push(`${name}: must be a list of at most ${LIST_MAX} texts`);
  return undefined;
}

function ttlOf(text: string, errors: string[]): number | undefined {
  if (text === '') return undefined;
  try {
    const ttlMs = parseGoDuration(text);
    if (ttlMs > 0) return ttlMs;
    errors.push('ExpiresIn: must be positive');
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    errors.push(`ExpiresIn: ${error.message}`);
  }
  return undefined;
}
