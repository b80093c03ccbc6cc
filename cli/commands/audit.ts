/** `edgedive audit`: who changed what, and who was refused. */
import { Command, Option } from 'commander';
import { printJson, printLine } from '../output.ts';
import { analyzerOf, given, integer } from './common.ts';

interface AuditOptions {
  readonly since?: string;
  readonly until?: string;
  readonly user?: string;
  readonly object?: string;
  readonly limit: number;
  readonly output: string;
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
      const query = given({ ...wanted, limit: String(wanted.limit) });
      const { Entries: entries = [] } = (await analyzerOf(self).ask('GET /api/audit', { query })) ?? {};
      if (output === 'json') printJson(entries);
      else
        for (const { Time, Name, Address, Method, Path, Status } of entries)
          printLine(
            `${Time}  ${Status === 0 ? '-  ' : Status}  ${Method.padEnd(6)}  ${Path}  ${Name || '-'}  ${Address || '-'}`,
          );
    });
}
