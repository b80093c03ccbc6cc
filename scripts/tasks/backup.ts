/** `npm run backup -- --to DIR [--state DIR]`: the state of an analyzer, which may run meanwhile (scripts/backup/backup.ts). */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../core/errors.ts';
import { backUp } from '../backup/backup.ts';

const USAGE = 'usage: npm run backup -- --to DIR [--state DIR]   (.edgedive/state)\n';

try {
  const { values } = parseArgs({
    options: { to: { type: 'string' }, state: { type: 'string', default: '.edgedive/state' } },
  });
  if (values.to === undefined) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  const { files, bytes } = await backUp(resolve(values.state), resolve(values.to));
  process.stdout.write(`backed up ${files} files, ${bytes} bytes, in ${values.to}\n`);
} catch (error) {
  process.stderr.write(`backup: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
