/** `npm run screenshots`: see scripts/screenshots.ts. The work begins with the import. */
import { installTestTools } from '../setup/test-tools.ts';

await installTestTools();
await import('../screenshots.ts');
