/**
 * What a host runs: `npm run probe -- --analyzer URL`, and the probe that `npm start` brings along. Gives up what root may
 * do and a probe need not, before anything else is loaded, and then runs it.
 */
import { reducePrivileges } from './privileges.ts';

reducePrivileges();
await import('./run.ts');
