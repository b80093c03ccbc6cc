/**
 * `npm run fuzz -- [flows] [--seconds N] [--seed N] [--pcap DIR]`: the flow engine on mutated captures;
 * `npm run fuzz -- gremlin [--seconds N] [--seed N] [--round N]`: the query engine on made and mutated queries.
 */
import { main as fuzzFlows } from '../fuzz.ts';
import { main as fuzzGremlin } from '../fuzz-gremlin.ts';

const [what, ...rest] = process.argv.slice(2);
process.exitCode =
  what === 'gremlin'
    ? await fuzzGremlin(rest)
    : await fuzzFlows(what === 'flows' ? rest : process.argv.slice(2));
