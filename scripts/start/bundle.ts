/**
 * The Worker for plain workerd: one module of JavaScript by esbuild with the conditions that wrangler uses, and beside it each
 * WebAssembly module that it imports, since Workers compile none at run time. The result is kept in
 * .edgedive/bundle with the hash of every source it was made from, and made again only when one of them changed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { root } from '../process/paths.ts';

interface Manifest {
  /** Of the build options and of package-lock.json: another version of anything builds again. */
  readonly made: string;
  /** Path from the checkout → hash of the content. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string;
  readonly wasm: readonly WasmModule[];
}

export interface WasmModule {
  /** As the code imports it. */
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
}

export interface Bundle {
  readonly code: string;
  readonly wasm: readonly WasmModule[];
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

/** Leaves imports of `.wasm` files in the code, each under a name of its own, and tells of them. */
function wasmModules(found: Map<string, string>): Plugin {
  return {
    name: 'wasm modules',
    setup(build) {
      build.onResolve({ filter: /\.wasm$/ }, ({ path, resolveDir }) => {
        const file = path.startsWith('.')
          ? resolve(resolveDir, path)
          : fileURLToPath(import.meta.resolve(path, pathToFileURL(join(resolveDir, 'x')).href));
        const name = `${hash(readFileSync(file)).slice(0, 16)}-${basename(file)}`;
        found.set(name, file);
        return { path: `./${name}`, external: true };
      });
    },
  };
}

/** The Worker whose entry is given (absolute or from the checkout). Throws esbuild's own error. */
export async function bundleWorker(entry: string): Promise<Bundle> {
  const options = buildOptions(entry);
  const made = hash(JSON.stringify(options) + hash(readFileSync(join(root, 'package-lock.json'))));
  const directory = join(root, '.edgedive/bundle');
  const manifestFile = join(directory, `${hash(entry).slice(0, 16)}.json`);
  const kept = readKept(manifestFile, made);
  if (kept !== undefined) return kept;

  const { build } = await import('esbuild');
  const found = new Map<string, string>();
  const result = await build({ ...options, plugins: [wasmModules(found)] });
  const code = result.outputFiles![0]!.text;
  const wasm = [...found].map(([name, file]) => ({ name, file }));
  const inputs = Object.fromEntries(
    // A package may say that it does without one in browsers: there is no such file.
    [...Object.keys(result.metafile!.inputs), ...found.values()]
      .filter((path) => !path.startsWith('(disabled):'))
      .map((path) => [path, hash(readFileSync(resolve(root, path)))]),
  );
  try {
    mkdirSync(directory, { recursive: true });
    const output = join(directory, `${hash(code).slice(0, 16)}.js`);
    writeWhole(output, code);
    writeWhole(manifestFile, JSON.stringify({ made, inputs, output, wasm } satisfies Manifest));
  } catch (error) {
    // A service may not write into the checkout: it makes the Worker anew at each start.
    if (!/^(?:EACCES|EROFS|EPERM)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return { code, wasm };
}

function readKept(manifestFile: string, made: string): Bundle | undefined {
  try {
    const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
    if (manifest.made !== made) return undefined;
    for (const [path, wanted] of Object.entries(manifest.inputs)) {
      if (hash(readFileSync(resolve(root, path))) !== wanted) return undefined;
    }
    return { code: readFileSync(manifest.output, 'utf8'), wasm: manifest.wasm };
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
