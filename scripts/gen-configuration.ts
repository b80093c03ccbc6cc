/** docs/configuration.md from the table of settings; with `--check` only says whether it would change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsPage } from '../core/config/settings-text.ts';
import { root } from './process/paths.ts';

const file = join(root, 'docs/configuration.md');
const page = settingsPage();

function kept(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

if (!process.argv.includes('--check')) writeFileSync(file, page);
else if (kept() !== page) {
  process.stderr.write('docs/configuration.md is not what core/config/settings.ts says: npm run gen\n');
  process.exitCode = 1;
}
