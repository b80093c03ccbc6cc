/**
 * A process that holds so many live flows and nothing else of size: what they cost in memory. Started by the flow
 * bench, because the bench itself holds packets too.
 *
 *   node bench/flow-memory.ts FLOWS
 *
 * Prints `{"rssMiB": …, "idleMiB": …, "bytesPerFlow": …}`.
 */
import { FlowTable } from '../core/flow/table.ts';
import { makePackets } from './flow-packets.ts';

const flows = Number(process.argv[2]);
const CHUNK = 1_000;
const rssMiB = () => Math.round(process.memoryUsage.rss() / 1_048_576);
const idleMiB = rssMiB();
const table = new FlowTable({ nodeTid: 'bench', captureId: 'bench' });
let time = 1_700_000_000_000;
for (let from = 0; from < flows; from += CHUNK) {
  const set = makePackets(Math.min(CHUNK, flows - from), 0, from);
  for (let i = 0; i < set.count; i++)
    table.feed(set.bytes, set.offsets[i]!, set.lengths[i]!, set.lengths[i]!, time++, 0);
}
if (table.size !== flows) throw new Error(`${table.size} flows live, ${flows} expected`);
process.stdout.write(
  `${JSON.stringify({ rssMiB: rssMiB(), idleMiB, bytesPerFlow: Math.round(table.bytes / flows) })}\n`,
);
