/** `npm run fuzz -- [--seconds N] [--seed N] [--pcap DIR]`: the flow engine on mutated captures. */
import { main } from '../fuzz.ts';

process.exitCode = await main(process.argv.slice(2));
