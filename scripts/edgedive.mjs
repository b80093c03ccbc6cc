#!/usr/bin/env node
/** The program `edgedive` (`npx edgedive`, or linked by `npm link`): the same as `npm run cli --`. */
process.argv.splice(2, 0, 'cli');
await import('./run.mjs');
