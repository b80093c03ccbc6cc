/**
 * Builds the page (`ui/`) into a folder of static files: index.html, and below `ui/` scripts and styles under names that hold the hash of
 * their content. `npm start`, the tests and wrangler (`[build]` in wrangler.toml, which knows only the user's own Node) all come here, so it
 * is JavaScript that any Node >= 18 runs. What was made from the same sources already is left as it is.
 *
 *   node scripts/build-page.mjs [DIRECTORY]     default: dist/page
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** What another build left is kept so long: a page that is open may still ask for it. */
const STALE_MS = 24 * 3_600_000;

/** @type {import('esbuild').BuildOptions} */
const OPTIONS = {
  absWorkingDir: root,
  entryPoints: { main: 'ui/main.tsx' },
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  outdir: 'ui',
  write: false,
  metafile: true,
  legalComments: 'none',
  logLevel: 'silent',
  define: { 'process.env.NODE_ENV': '"production"' },
};

/** @param {string | Uint8Array} content */
const hash = (content) => createHash('sha256').update(content).digest('hex');

/**
 * Makes the page if it is not there. Throws esbuild's own error, or that of the file system.
 * @param {string} [directory] absolute
 * @returns {Promise<string>} the directory
 */
export async function buildPage(directory = join(root, 'dist/page')) {
  const made = hash(
    JSON.stringify(OPTIONS) +
      ['package-lock.json', 'ui/index.html', 'scripts/build-page.mjs']
        .map((name) => hash(readFileSync(join(root, name))))
        .join(' '),
  );
  const manifestFile = join(dirname(directory), `.${basename(directory)}.json`);
  if (isMade(manifestFile, made, directory)) return directory;
  const { build } = await import('esbuild');
  const result = await build(OPTIONS);
  /** @type {Map<string, Uint8Array | string>} path in the directory → content */
  const files = new Map();
  for (const { path, contents } of result.outputFiles ?? []) files.set(`ui/${basename(path)}`, contents);
  const outputs = result.metafile?.outputs ?? {};
  const main = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === 'ui/main.tsx') ?? '';
  files.set('index.html', indexHtml(main, outputs[main]));
  mkdirSync(join(directory, 'ui'), { recursive: true });
  // The page itself comes last: whoever has it finds what it names.
  for (const [name, content] of files) writeWhole(join(directory, name), content);
  removeStale(join(directory, 'ui'), files);
  const inputs = Object.fromEntries(
    Object.keys(result.metafile?.inputs ?? {}).map((path) => [path, hash(readFileSync(resolve(root, path)))]),
  );
  const initial = [main, ...staticImports(outputs, main)].map((name) => `ui/${basename(name)}`);
  writeWhole(manifestFile, JSON.stringify({ made, inputs, files: [...files.keys()], initial }));
  return directory;
}

/**
 * @param {string} main
 * @param {import('esbuild').Metafile['outputs'][string] | undefined} output
 */
function indexHtml(main, output) {
  const template = readFileSync(join(root, 'ui/index.html'), 'utf8');
  const preloads = (output?.imports ?? [])
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="/ui/${basename(path)}" />`);
  return template
    .replace('<!-- preloads -->', preloads.join('\n    '))
    .replace('/ui/main.js', `/ui/${basename(main)}`)
    .replace('/ui/main.css', `/ui/${basename(output?.cssBundle ?? '')}`);
}

/**
 * What the browser loads before the page shows anything, beside the entry itself.
 * @param {import('esbuild').Metafile['outputs']} outputs
 * @param {string} name
 * @param {Set<string>} [seen]
 */
function staticImports(outputs, name, seen = new Set()) {
  for (const { path, kind } of outputs[name]?.imports ?? []) {
    if (kind !== 'import-statement' || seen.has(path)) continue;
    seen.add(path);
    staticImports(outputs, path, seen);
  }
  return seen;
}

/**
 * @param {string} manifestFile
 * @param {string} made
 * @param {string} directory
 */
function isMade(manifestFile, made, directory) {
  try {
    /** @type {{ made: string, inputs: Record<string, string>, files: string[] }} */
    const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
    if (manifest.made !== made) return false;
    for (const name of manifest.files) statSync(join(directory, name));
    return Object.entries(manifest.inputs).every(
      ([path, wanted]) => hash(readFileSync(resolve(root, path))) === wanted,
    );
  } catch {
    return false;
  }
}

/**
 * @param {string} directory
 * @param {Map<string, unknown>} files
 */
function removeStale(directory, files) {
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    if (!files.has(`ui/${name}`) && statSync(file).mtimeMs < Date.now() - STALE_MS)
      rmSync(file, { force: true });
  }
}

/**
 * Two builds at once must not read each other's half.
 * @param {string} file
 * @param {string | Uint8Array} content
 */
function writeWhole(file, content) {
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildPage(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
