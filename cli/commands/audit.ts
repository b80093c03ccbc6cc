/** `edgedive audit`: who changed what, and who was refused. */
import { Command, Option } from 'commander';
import { print, printJson } from '../output.ts';
import { analyzerOf, integer } from './common.ts';

interface AuditOptions {
  readonly since?: string;
  readonly until?: string;
  readonly user?: string;
  readonly object?: string;
  readonly limit: number;
  readonly output: string;
}

interface Entry {
  readonly Time: string;
  readonly Name: string;
  readonly Address: string;
  readonly Method: string;
  readonly Path: string;
  readonly Status: number;
}

export function auditCommand(): Command {
  return new Command('audit')
    .description('who changed what, and who was refused; newest first')
    .option('--since <time>', 'RFC 3339, or a duration before now: 1h')
    .option('--until <time>', 'the same')
    .option('--user <name>', 'only of this name')
    .option('--object <name>', 'only about this: capture, token, …')
    .option('--limit <n>', 'entries', integer(1, 1_000), 100)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async ({ output, ...wanted }: AuditOptions, self: Command) => {
      const query = new URLSearchParams(
        Object.entries(wanted).map(([name, value]) => [name, String(value)] as [string, string]),
      );
      const page = (await analyzerOf(self).json({
        method: 'GET',
        path: `/api/audit?${query.toString()}`,
      })) as {
        readonly Entries: readonly Entry[];
      };
      if (output === 'json') printJson(page.Entries);
      else
        for (const { Time, Name, Address, Method, Path, Status } of page.Entries)
          print(`${Time}  ${Status}  ${Method.padEnd(6)}  ${Path}  ${Name || '-'}  ${Address || '-'}`);
    });
}
