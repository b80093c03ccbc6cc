/**
 * Writes core/api/operations.ts: what each route of the API takes and answers, as types, from the description that the routes
 * make of themselves. The Worker is bundled with the runtime's own modules left out and asked for its document.
 *
 *   node scripts/gen-api.ts            write
 *   node scripts/gen-api.ts --check    exit 1 when the file would change
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { operationsText, type ApiDocument } from './api-types.ts';
import { root } from './process/paths.ts';

const file = join(root, 'core/api/operations.ts');

/** What only the runtime has: nothing of it is needed to describe the routes. */
const STUBS = `
export class DurableObject {}
export class WorkerEntrypoint {}
export const env = {};
export const exports = {};
`;

const { outputFiles } = await build({
  stdin: {
    contents: `import app from './worker/index.ts';
export default app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } });`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  mainFields: ['browser', 'module', 'main'],
  conditions: ['workerd', 'worker', 'browser'],
  external: ['node:*'],
  target: 'es2024',
  logLevel: 'error',
  loader: { '.wasm': 'empty' },
  plugins: [
    {
      name: 'runtime',
      setup(plugin) {
        plugin.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: 'runtime' }));
        plugin.onLoad({ filter: /.*/, namespace: 'runtime' }, () => ({ contents: STUBS, loader: 'js' }));
      },
    },
  ],
});
// In a file, so that a mistake in it is told by its line.
const module = join(mkdtempSync(join(tmpdir(), 'edgedive-api-')), 'document.mjs');
writeFileSync(module, outputFiles[0]!.contents);
const { default: document } = (await import(module)) as { default: ApiDocument };
rmSync(dirname(module), { recursive: true });
const text = operationsText(document);

function kept(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (kept() !== text) {
  process.stderr.write('core/api/operations.ts is not what the routes say: npm run gen\n');
  process.exitCode = 1;
}
