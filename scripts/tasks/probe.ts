/**
 * `npm run probe -- --analyzer URL …`: a probe alone, with the arguments as given. What they mean is told by
 * probe/config.ts.
 */
import { reducePrivileges } from '../../probe/privileges.ts';
import { endWithRunner } from '../process/parent.ts';

// It begins this process anew, which must still know whose end is its own.
reducePrivileges();
endWithRunner();
await import('../../probe/main.ts');
