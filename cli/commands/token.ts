/** `edgedive token create|list|get|delete`: credentials for programs and probes. */
import type { Command } from 'commander';
import { note, printJson } from '../output.ts';
import { analyzerOf, gathered, given } from './common.ts';
import { resourceCommand } from './resource.ts';

interface TokenOptions {
  readonly name: string;
  readonly role?: readonly string[];
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly hostId?: string;
}

export function tokenCommand(): Command {
  const command = resourceCommand({
    name: 'token',
    path: 'token',
    description: 'credentials for programs and probes',
  });
  command
    .command('create')
    .description('make a token; it is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--role <role>', 'what it may do: admin, user, guest, or one of the policy; repeatable', gathered)
    .option('--scope <object:action>', 'only this of what its roles may; repeatable', gathered)
    .option('--expires <duration>', 'how long it is good: 24h, 90m')
    .option('--host-id <id>', 'for the probe of this host')
    .action(async ({ name, role, scope, expires, hostId }: TokenOptions, self: Command) => {
      const body = {
        Name: name,
        ...given({ Roles: role, Scopes: scope, ExpiresIn: expires, HostID: hostId }),
      };
      printJson(await analyzerOf(self).ask('POST /api/token', { body }));
      note('edgedive: the token is shown this once; keep it now');
    });
  return command;
}
