/** `edgedive login`, `logout`, `whoami`: who one is for an analyzer. */
import { Command } from 'commander';
import { Analyzer } from '../analyzer.ts';
import { readConnection, type ConnectionOptions } from '../connection.ts';
import { rememberToken } from '../credentials.ts';
import { CommandError, exitStatus } from '../errors.ts';
import { note, printJson } from '../output.ts';
import { askFor } from '../prompt.ts';
import { analyzerOf } from './common.ts';

export function loginCommand(): Command {
  return new Command('login')
    .description('remember a token for an analyzer: --token, or a name and a password that are asked for')
    .action(async (_options, self: Command) => {
      const options = self.optsWithGlobals<ConnectionOptions>();
      const given = options.token ?? process.env['EDGEDIVE_TOKEN'] ?? '';
      const token = given === '' ? await tokenByPassword(options) : await checkedToken(options, given);
      const { base } = readConnection(options, process.env);
      note(`edgedive: ${base.origin}: remembered in ${rememberToken(base, token, process.env)}`);
    });
}

/** A token that the analyzer does not know is not worth remembering. */
async function checkedToken(options: ConnectionOptions, token: string): Promise<string> {
  await new Analyzer(readConnection({ ...options, token }, process.env)).ask('GET /api/whoami', {});
  return token;
}

async function tokenByPassword(options: ConnectionOptions): Promise<string> {
  const username = options.username ?? (process.env['SKYDIVE_USERNAME'] || (await askFor('Name', false)));
  const password = options.password ?? (process.env['SKYDIVE_PASSWORD'] || (await askFor('Password', true)));
  const connection = readConnection(options, process.env);
  const answer = (await new Analyzer({ ...connection, headers: {} }).json({
    method: 'POST',
    path: '/login',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password }).toString(),
  })) as { readonly Token?: unknown } | undefined;
  const token = answer?.Token;
  if (typeof token !== 'string') throw new CommandError(exitStatus.refused, 'the answer has no token');
  if (token === '') note('edgedive: this analyzer asks nobody who they are');
  return token;
}

export function logoutCommand(): Command {
  return new Command('logout')
    .description('forget the token for an analyzer')
    .action((_options, self: Command) => {
      const { base } = readConnection(self.optsWithGlobals<ConnectionOptions>(), process.env);
      rememberToken(base, undefined, process.env);
    });
}

export function whoamiCommand(): Command {
  return new Command('whoami')
    .description('who one is for the analyzer, and what one may do')
    .action(async (_options, self: Command) => {
      printJson(await analyzerOf(self).ask('GET /api/whoami', {}));
    });
}
