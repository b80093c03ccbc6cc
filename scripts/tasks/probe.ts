/**
 * `npm run probe -- --analyzer URL …`: a probe alone, with the arguments as given. What they mean is told by
 * probe/config.ts.
 */
import { endWithRunner } from '../process/parent.ts';

endWithRunner();
await import('../../probe/main.ts');
