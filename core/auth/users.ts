/**
 * Users with a password (the reference's `basic`), as the analyzer's variable EDGEDIVE_USERS has them: JSON, name → password, or
 * name → `{"password", "roles"}`. A password is plain as in the reference, or one of the forms that htpasswd writes with
 * -B (`$2y$…`), or `pbkdf2-sha256:<iterations>:<salt>:<hash>`, both base64.
 */

export interface User {
  readonly name: string;
  readonly password: string;
  readonly roles: readonly string[];
}

export class UsersError extends Error {
  override readonly name = 'UsersError';
}

/** `defaultRole` is what a user without roles has. Throws UsersError that never shows a password. */
export function readUsers(text: string, defaultRole: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  if (text.trim() === '') return users;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw new UsersError('is no JSON');
  }
  if (!isObject(read)) throw new UsersError('must be an object, name → password or {"password", "roles"}');
  for (const [name, value] of Object.entries(read)) {
    if (name === '' || name.includes(':')) throw new UsersError(`'${name}' can be no user's name`);
    users.set(name, { name, ...readUser(name, value, defaultRole) });
  }
  return users;
}

function readUser(name: string, value: unknown, defaultRole: string): Omit<User, 'name'> {
  if (typeof value === 'string' && value !== '') return { password: value, roles: [defaultRole] };
  if (!isObject(value)) throw new UsersError(`user '${name}' must have a password`);
  const { password, roles = [defaultRole] } = value;
  const unknown = Object.keys(value).find((key) => key !== 'password' && key !== 'roles');
  if (unknown !== undefined) throw new UsersError(`user '${name}': unknown member '${unknown}'`);
  if (typeof password !== 'string' || password === '')
    throw new UsersError(`user '${name}' must have a password`);
  if (!Array.isArray(roles) || roles.some((role) => typeof role !== 'string' || role === ''))
    throw new UsersError(`user '${name}': roles must be a list of names`);
  return { password, roles: roles as string[] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
