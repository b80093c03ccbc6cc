/** Who sits in front of the page, and what that one may do. */
import { computed, signal } from '@preact/signals';
import type { WhoAmI } from '../../core/api/operations.ts';
import { ask, reach, Refused } from '../link/api.ts';

export type Session =
  | { readonly kind: 'asking' }
  /** Somebody has to say who they are. */
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'in'; readonly who: WhoAmI }
  /** The analyzer does not answer; asked again by itself. */
  | { readonly kind: 'away'; readonly reason: string };

export const session = signal<Session>({ kind: 'asking' });

/** Whether there is anybody to sign out. */
export const isKnown = computed(() => session.value.kind === 'in' && session.value.who.Kind !== 'open');

const AGAIN_MS = 2_000;

export function may(object: string, action: string): boolean {
  const now = session.value;
  if (now.kind !== 'in') return false;
  return now.who.Permissions.some(
    (permission) => permission.Object === object && permission.Action === action && permission.Allowed,
  );
}

/** Asks who we are; resolves when that is known or somebody has to sign in. */
export async function askWho(): Promise<void> {
  try {
    session.value = { kind: 'in', who: await ask('GET /api/whoami', {}) };
  } catch (error) {
    const refused = error as Refused;
    if (refused.status === 401) {
      session.value = { kind: 'signedOut' };
      return;
    }
    session.value = { kind: 'away', reason: refused.message };
    setTimeout(() => void askWho(), AGAIN_MS);
  }
}

/** The analyzer sets a cookie that scripts cannot read. Throws Refused. */
export async function signIn(
  given: { readonly user: string; readonly password: string } | { readonly token: string },
): Promise<void> {
  const isToken = 'token' in given;
  await reach('/login', {
    method: 'POST',
    headers: isToken ? { Authorization: `Bearer ${given.token}` } : {},
    body: isToken ? '' : new URLSearchParams({ username: given.user, password: given.password }),
  });
  await askWho();
}

export async function signOut(): Promise<void> {
  await ask('POST /logout', {});
  session.value = { kind: 'signedOut' };
}
