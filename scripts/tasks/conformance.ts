/**
 * `npm run conformance -- flows|gremlin|rest …`: runs one suite on files given from outside. Each suite is
 * scripts/conformance-<name>.ts and exports `main(args): Promise<number>`, the exit status.
 */
import { dispatch } from '../process/dispatch.ts';

await dispatch({
  command: 'conformance',
  directory: 'scripts',
  prefix: 'conformance-',
  args: process.argv.slice(2),
});
