/**
 * `npm run gen [-- --check]`: writes the generated sources (proto/gen, docs/configuration.md) again, or only tells whether they would
 * change. The work begins with the import.
 */
import '../gen-configuration.ts';
import '../gen-proto.ts';
