/**
 * `npm run fuzz -- [flows] [--seconds N] [--seed N] [--pcap DIR]`: the flow engine on mutated captures;
 * `npm run fuzz -- gremlin [--seconds N] [--seed N] [--round N]`: the query engine on made and mutated queries.
 * `npm run fuzz -- api [--examples N] [--seed N]`: the REST API against its own description.
 */
import { main as fuzzApi } from '../fuzz-api.ts';
import { main as fuzzFlows } from '../fuzz.ts';
import { main as fuzzGremlin } from '../fuzz-gremlin.ts';

const [what, ...rest] = process.argv.slice(2);
const fuzzers: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  api: fuzzApi,
  flows: fuzzFlows,
  gremlin: fuzzGremlin,
};
const fuzz = fuzzers[what ?? ''];
process.exitCode = fuzz === undefined ? await fuzzFlows(process.argv.slice(2)) : await fuzz(rest);
