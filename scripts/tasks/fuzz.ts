/**
 * `npm run fuzz -- [flows] [--seconds N] [--seed N] [--pcap DIR]`: the flow engine on mutated captures;
 * `npm run fuzz -- gremlin [--seconds N] [--seed N] [--round N]`: the query engine on made and mutated queries;
 * `npm run fuzz -- api [--seconds N] [--examples N] [--seed N] [--base URL]`: the HTTP side on what its description allows;
 * `npm run fuzz -- sockets [--seconds N] [--seed N] [--base URL]`: wrong frames and messages on every WebSocket.
 */
import { main as fuzzApi } from '../fuzz-api.ts';
import { main as fuzzFlows } from '../fuzz.ts';
import { main as fuzzGremlin } from '../fuzz-gremlin.ts';
import { main as fuzzSockets } from '../fuzz-sockets.ts';

const SUITES = { flows: fuzzFlows, gremlin: fuzzGremlin, api: fuzzApi, sockets: fuzzSockets };

const [what = '', ...rest] = process.argv.slice(2);
process.exitCode =
  what in SUITES ? await SUITES[what as keyof typeof SUITES](rest) : await fuzzFlows(process.argv.slice(2));
