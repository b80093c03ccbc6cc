/** Who asks, as every route, socket and object sees it (REST reference notes, sections 2 and 3). */

export interface Principal {
  /** A user's name, `token:<id>`, a JWT's subject; `admin` where nobody is asked who they are, "" for nobody. */
  readonly name: string;
  readonly kind: 'open' | 'user' | 'token' | 'jwt' | 'probe' | 'nobody';
  /** Resolved anew for each request. */
  readonly roles: readonly string[];
  /** A token may do less than its roles: only these. */
  readonly scopes?: readonly Permission[];
  /** A probe's credential speaks for this host only. */
  readonly hostId?: string;
  /** When its credential ends, ms since 1970. */
  readonly expiresMs?: number;
}

/** What one may do with what: `read` and `write` for REST objects, the path for `websocket`. */
export interface Permission {
  readonly object: string;
  readonly action: string;
}

/** What a route or a socket asks of whoever comes; `public` asks nothing, `anybody` that it is known who comes. */
export type Needed = Permission | 'public' | 'anybody';

/** Everybody, where authentication is off: as the reference's `noauth`. */
export const openPrincipal: Principal = { name: 'admin', kind: 'open', roles: ['admin'] };

/** Whoever shows no credential, or one that is not good. */
export const nobody: Principal = { name: '', kind: 'nobody', roles: [] };

/** The reference's words. */
export function refusalText({ name }: Principal, { object, action }: Permission): string {
  return `'${name}' has no '${action}' permission on '${object}'`;
}
