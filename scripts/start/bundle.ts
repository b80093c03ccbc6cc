/**
 * The Worker as one module for plain workerd: esbuild with the conditions that wrangler uses. The result is kept in
 * .edgedive/bundle with the hash of every source it was made from, and made again only when one of them changed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { BuildOptions } from 'esbuild';
import { root } from '../process/paths.ts';

interface Manifest {
  /** Of the build options and of package-lock.json: another version of anything builds again. */
  readonly made: string;
  /** Path from the checkout → hash of the content. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string;
}

const hash = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

function buildOptions(entry: string): BuildOptions {
  return {
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.txt': 'text', '.html': 'text', '.sql': 'text' },
    define: { 'process.env.NODE_ENV': '"production"' },
    outfile: 'worker.js',
    keepNames: true,
    legalComments: 'none',
    logLevel: 'silent',
  };
}

/** The code of the Worker whose entry is given (absolute or from the checkout). Throws esbuild's own error. */
export async function bundleWorker(entry: string): Promise<string> {
  const options = buildOptions(entry);
  const made = hash(JSON.stringify(options) + hash(readFileSync(join(root, 'package-lock.json'))));
  const directory = join(root, '.edgedive/bundle');
  const manifestFile = join(directory, `${hash(entry).slice(0, 16)}.json`);
  const kept = readKept(manifestFile, made);
  if (kept !== undefined) return kept;

  const { build } = await import('esbuild');
  const result = await build(options);
  const code = result.outputFiles![0]!.text;
  const inputs = Object.fromEntries(
    // A package may say that it does without one in browsers: there is no such file.
    Object.keys(result.metafile!.inputs)
      .filter((path) => !path.startsWith('(disabled):'))
      .map((path) => [path, hash(readFileSync(resolve(root, path)))]),
  );
  mkdirSync(directory, { recursive: true });
  const output = join(directory, `${hash(code).slice(0, 16)}.js`);
  writeWhole(output, code);
  writeWhole(manifestFile, JSON.stringify({ made, inputs, output } satisfies Manifest));
  return code;
}

function readKept(manifestFile: string, made: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
    if (manifest.made !== made) return undefined;
    for (const [path, wanted] of Object.entries(manifest.inputs)) {
      if (hash(readFileSync(resolve(root, path))) !== wanted) return undefined;
    }
    return readFileSync(manifest.output, 'utf8');
  } catch {
    return undefined;
  }
}

/** Two starts at once must not read each other's half. */
function writeWhole(file: string, content: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}
