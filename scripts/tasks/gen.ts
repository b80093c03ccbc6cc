/**
 * `npm run gen [-- --check]`: writes what is generated (proto/gen, core/api/operations.ts, worker/script/quickjs.wasm, docs/configuration.md, docs/commands.md) again, or only
 * tells whether it would change. The work begins with the imports.
 */
import '../gen-api.ts';
import '../gen-commands.ts';
import '../gen-configuration.ts';
import '../gen-proto.ts';
import '../gen-interpreter.ts';
