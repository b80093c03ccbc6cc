/** `edgedive ids RESOURCE`: for completions, which ask while somebody waits; silent when there is no answer within a second. */
import { Argument, Command } from 'commander';
import { printLine } from '../output.ts';
import { analyzerOf } from './common.ts';
import type { ResourceName } from './resource.ts';

const WAIT_MS = 1_000;

/** The commands that take ids → the resource of the API. */
export const COMPLETED: Readonly<Record<string, ResourceName>> = {
  capture: 'capture',
  alert: 'alert',
  injection: 'injectpacket',
  node: 'node',
  edge: 'edge',
  'node-rule': 'noderule',
  'edge-rule': 'edgerule',
  workflow: 'workflow',
};

export function idsCommand(): Command {
  return new Command('ids')
    .description('ids of resources, for completions')
    .addArgument(new Argument('<command>').choices(Object.keys(COMPLETED)))
    .action(async (command: string, _options, self: Command) => {
      const late = setTimeout(() => process.exit(), WAIT_MS);
      try {
        const list = await analyzerOf(self).ask(`GET /api/${COMPLETED[command]!}`, {});
        for (const id of Object.keys(list ?? {})) printLine(id);
      } catch {
        // Nobody completes what cannot be asked.
      } finally {
        clearTimeout(late);
      }
    });
}
