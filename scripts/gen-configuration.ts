/** docs/configuration.md and docs/edgedive.sample.yml from the table of settings; with `--check` only says whether they would change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleFile } from '../core/config/settings-sample.ts';
import { settingsPage } from '../core/config/settings-text.ts';
import { root } from './process/paths.ts';

const made = { 'docs/configuration.md': settingsPage(), 'docs/edgedive.sample.yml': sampleFile() };

function kept(file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return '';
  }
}

for (const [file, text] of Object.entries(made))
  if (!process.argv.includes('--check')) writeFileSync(join(root, file), text);
  else if (kept(file) !== text) {
    process.stderr.write(`${file} is not what core/config/settings.ts says: npm run gen\n`);
    process.exitCode = 1;
  }
