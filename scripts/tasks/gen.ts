/**
 * `npm run gen [-- --check]`: writes the generated sources (proto/gen) again, or only tells whether they would
 * change. The work begins with the import.
 */
import '../gen-proto.ts';
