/**
 * How this analyzer finds out who asks: its variables, read once an isolate. What is wrong in them locks doors rather than
 * opening them, and says so in the log and the status.
 */
import { readPolicy, type Policy } from '../../core/auth/policy.ts';
import { readUsers, type User } from '../../core/auth/users.ts';
import { messageOf } from '../../core/errors.ts';
import { log } from '../log.ts';

export interface AuthSettings {
  /** False: everybody is `admin`. */
  readonly isOn: boolean;
  readonly users: ReadonlyMap<string, User>;
  readonly policy: Policy;
  /** Variable: what is wrong with it. */
  readonly faults: readonly string[];
}

type Variables = Pick<Env, 'EDGEDIVE_AUTH' | 'EDGEDIVE_USERS' | 'EDGEDIVE_USERS_ROLE' | 'EDGEDIVE_POLICY'>;

let last: { readonly key: string; readonly settings: AuthSettings } | undefined;

export function authSettings(env: Variables): AuthSettings {
  const key = JSON.stringify([
    env.EDGEDIVE_AUTH,
    env.EDGEDIVE_USERS,
    env.EDGEDIVE_USERS_ROLE,
    env.EDGEDIVE_POLICY,
  ]);
  if (last?.key === key) return last.settings;
  const settings = readSettings(env);
  for (const fault of settings.faults) log('error', 'authentication', fault);
  last = { key, settings };
  return settings;
}

function readSettings(env: Variables): AuthSettings {
  const faults: string[] = [];
  const orEmpty = <T>(name: string, read: () => T, empty: T): T => {
    try {
      return read();
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
      return empty;
    }
  };
  const mode = env.EDGEDIVE_AUTH;
  if (mode !== 'on' && mode !== 'off') faults.push(`EDGEDIVE_AUTH: must be on or off, not '${mode}'`);
  const role = env.EDGEDIVE_USERS_ROLE || 'admin';
  return {
    isOn: mode !== 'off',
    users: orEmpty('EDGEDIVE_USERS', () => readUsers(env.EDGEDIVE_USERS ?? '', role), new Map()),
    policy: orEmpty('EDGEDIVE_POLICY', () => readPolicy(env.EDGEDIVE_POLICY ?? ''), {
      rules: [],
      groups: new Map(),
    }),
    faults,
  };
}
