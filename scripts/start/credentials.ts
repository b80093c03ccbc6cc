/**
 * The credentials that an analyzer of one's own begins with: the first administrator's token, made once, kept in the state
 * directory and shown when it is made; and one for the probe of the same host, new at each start.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownToken } from '../../core/auth/credential.ts';

export interface StartCredentials {
  readonly admin: string;
  readonly probe: string;
  /** Where the administrator's token is kept; undefined for one that the settings give. */
  readonly adminFile: string | undefined;
  readonly isNew: boolean;
}

/** `given`: the administrator's token of the settings; none is made beside it. */
export function startCredentials(stateDir: string, given = ''): StartCredentials {
  if (given !== '') return { admin: given, probe: newToken(), adminFile: undefined, isNew: false };
  const adminFile = join(stateDir, 'admin-token');
  const isNew = !existsSync(adminFile);
  if (isNew) writeFileSync(adminFile, `${newToken()}\n`, { mode: 0o600 });
  return { admin: readFileSync(adminFile, 'utf8').trim(), probe: newToken(), adminFile, isNew };
}

function newToken(): string {
  return ownToken(false, randomBytes(16), randomBytes(32)).text;
}
