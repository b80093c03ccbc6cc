/**
 * `npm run bench -- flows|graph|edge [--json FILE]`: one bench, beside the baseline it is measured against. Each is
 * bench/<name>.ts and exports `main(args): Promise<number>`, the exit status.
 */
import { dispatch } from '../process/dispatch.ts';

await dispatch({ command: 'bench', directory: 'bench', prefix: '', args: process.argv.slice(2) });
