/** `edgedive status`: who is connected, what was lost. */
import { Command } from 'commander';
import { printJson } from '../output.ts';
import { analyzerOf } from './common.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description('the analyzer: probes, subscribers, counters, limits')
    .action(async (_options, self: Command) => {
      printJson(await analyzerOf(self).ask('GET /api/status', {}));
    });
}
