/** `edgedive …` and `npm run cli -- …`: the command line of cli/, with the arguments as given. */
import { endWithRunner } from '../process/parent.ts';

endWithRunner();
await import('../../cli/main.ts');
