/** Tokens for programs and probes, when each was used and when it ends. */
import type { Token, TokenRequest } from '../../../core/api/operations.ts';
import type { Principal } from '../../../core/auth/principal.ts';
import { ask } from '../../link/api.ts';
import type { FieldsOf } from '../../model/manage/fields.ts';
import { tokenStanding } from '../../model/manage/token-standing.ts';
import { session } from '../../state/session.ts';
import { entriesOf, faultsOf, type Kind } from './kind.ts';

const fields = {
  Name: { label: 'Name', isRequired: true },
  Roles: { label: 'Roles', as: 'list', example: 'guest' },
  ExpiresIn: { label: 'Good for', example: '720h' },
  HostID: { label: 'Probe of host', example: 'rack2-node7', isMore: true },
  Scopes: { label: 'Only these (object:action)', as: 'list', example: 'topology:read', isMore: true },
} satisfies FieldsOf<TokenRequest>;

/** Whoever is signed in, as the rules for tokens want to know it. */
function principal(): Principal {
  const now = session.value;
  if (now.kind !== 'in') return { name: '', kind: 'nobody', roles: [] };
  return { name: now.who.Name, kind: now.who.Kind, roles: now.who.Roles };
}

export const tokens: Kind = {
  name: 'Tokens',
  one: 'token',
  object: 'token',
  columns: ['Name', 'Roles', 'Host', 'Made by', 'Used last', 'Ends'],
  fields,
  empty: 'Make one below for each program and each probe that is to come in.',
  list: async () =>
    entriesOf<Token>(
      await ask('GET /api/token', {}),
      (one) => one.Name,
      (one) => {
        const { hasEnded, endsAt, usedAt } = tokenStanding(one, Date.now());
        return [
          one.Name,
          one.Roles.join(', '),
          one.HostID,
          one.CreatedBy,
          localTime(usedAt, 'never'),
          hasEnded ? <span class="problem">ended {localTime(endsAt, '')}</span> : localTime(endsAt, 'never'),
        ];
      },
    ),
  check: async (body) => {
    const read = (await import('../../../core/auth/token-request.ts')).readTokenRequest(body, principal());
    return 'refused' in read ? [read.refused] : faultsOf(read);
  },
  create: async (body) => {
    const made = await ask('POST /api/token', { body: body as TokenRequest });
    return `The token, shown this once: ${made.Token}`;
  },
  remove: (id) => ask('DELETE /api/token/{id}', { params: { id } }),
  isUnique: true,
};

function localTime(iso: string | undefined, otherwise: string): string {
  return iso === undefined ? otherwise : new Date(iso).toLocaleString();
}
