/** `npm run restore -- --from DIR [--state DIR] [--force]`: a backup in the place of a state, of an analyzer that does not run. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../core/errors.ts';
import { BackupError, restore } from '../backup/backup.ts';
import { tryLock } from '../setup/lock.mjs';

const USAGE = 'usage: npm run restore -- --from DIR [--state DIR] [--force]   (.edgedive/state)\n';

try {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      state: { type: 'string', default: '.edgedive/state' },
      force: { type: 'boolean', default: false },
    },
  });
  if (values.from === undefined) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  const state = resolve(values.state);
  const lock = tryLock(join(state, 'lock'));
  if (!lock.held)
    throw new BackupError(`${values.state} is in use by process ${lock.holder}: stop the analyzer first`);
  try {
    const { movedTo } = await restore(resolve(values.from), state, values.force);
    if (movedTo !== undefined) process.stdout.write(`what was there is in ${movedTo}\n`);
    process.stdout.write(`restored ${values.from} to ${values.state}\n`);
  } finally {
    lock.release();
  }
} catch (error) {
  process.stderr.write(`restore: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
