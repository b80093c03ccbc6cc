/** Where things are in the checkout. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** A file of an installed package, as in `packageFile('typescript', 'bin/tsc')`. */
export function packageFile(name: string, file: string): string {
  return join(root, 'node_modules', name, file);
}
