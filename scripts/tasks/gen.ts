/**
 * `npm run gen [-- --check]`: writes what is generated (proto/gen, worker/script/quickjs.wasm, docs/configuration.md) again, or only
 * tells whether it would change. The work begins with the imports.
 */
import '../gen-configuration.ts';
import '../gen-proto.ts';
import '../gen-interpreter.ts';
