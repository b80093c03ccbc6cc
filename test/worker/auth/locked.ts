/** An analyzer that asks who everybody is, with one credential of every kind. */
import { requestWith } from '../routes/with-env.ts';

export const ADMIN = 'edg_aaaaaaaaaaaaaaaa_first-administrator';

export const LOCKED = {
  EDGEDIVE_AUTH: 'on',
  EDGEDIVE_ADMIN_TOKEN: ADMIN,
  EDGEDIVE_USERS: JSON.stringify({
    root: 'r00t:with:colons',
    alice: { password: 'wonderland', roles: ['user'] },
    gus: { password: 'guest', roles: ['guest'] },
    // "bcrypt" with cost 4, made by htpasswd -B.
    bea: { password: '$2y$04$VGv3k5LUjHxGjEVzh9nOgOwOEGcVE2SFkUvtm3Zu7d/jXNuOS6Hoq', roles: ['ops'] },
    guest: { password: 'named like a role', roles: [] },
  }),
  EDGEDIVE_POLICY: 'p, ops, capture, *, allow\np, ops, status, read, allow\np, bea, status, read, deny\n',
} as const;

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Response> {
  return requestWith(LOCKED, path, { method, headers, body: body ?? null });
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

export const basic = (user: string, password: string) => ({
  Authorization: `Basic ${btoa(`${user}:${password}`)}`,
});

export interface MadeToken {
  readonly ID: string;
  readonly Token: string;
}

export async function makeToken(
  request: object,
  headers: Readonly<Record<string, string>> = bearer(ADMIN),
): Promise<MadeToken> {
  const answer = await ask('/api/token', { method: 'POST', headers, body: JSON.stringify(request) });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as MadeToken;
}
