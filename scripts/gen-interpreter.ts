/**
 * Writes worker/script/quickjs.wasm: the interpreter of the package quickjs-wasi, with every loop counted (decision 0060). A file,
 * because Workers take WebAssembly only as a module that was there when they were deployed.
 *
 *   node scripts/gen-interpreter.ts            write
 *   node scripts/gen-interpreter.ts --check    exit 1 when the file would change
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withCountedLoops } from './wasm-loops.ts';

const source = fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'));
const target = fileURLToPath(new URL('../worker/script/quickjs.wasm', import.meta.url));

/** About a millisecond. */
const TURNS = 200_000;

const made = Buffer.from(
  withCountedLoops(readFileSync(source), {
    ask: ['env', 'host_interrupt'],
    // Nothing else calls it: scripts have no modules.
    pause: ['env', 'host_module_load'],
    turns: TURNS,
  }),
);
if (!process.argv.includes('--check')) writeFileSync(target, made);
else if (!existsSync(target) || !made.equals(readFileSync(target))) {
  console.error('worker/script/quickjs.wasm is not what would be generated: run `npm run gen`');
  process.exitCode = 1;
}
