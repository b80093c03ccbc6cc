/** `list`, `get` and `delete`, which all resources have alike. */
import { Command } from 'commander';
import type { OperationName } from '../../core/api/request.ts';
import { printJson } from '../output.ts';
import { analyzerOf } from './common.ts';

/** Everything that is listed, read and deleted alike. */
export type ResourceName =
  Extract<OperationName, `DELETE /api/${string}/{id}`> extends `DELETE /api/${infer Name}/{id}`
    ? Name
    : never;

export interface ResourceWords {
  /** The command: `capture`. */
  readonly name: string;
  readonly alias?: string;
  /** In the API's paths. */
  readonly path: ResourceName;
  readonly description: string;
}

/** The command with what is alike for all; `create` and others are added to it. */
export function resourceCommand({ name, alias, path, description }: ResourceWords): Command {
  const command = new Command(name).description(description);
  if (alias !== undefined) command.alias(alias);
  command
    .command('list')
    .description('all of them, by id')
    .action(async (_options, self: Command) => {
      printJson(await analyzerOf(self).ask(`GET /api/${path}`, {}));
    });
  command
    .command('get')
    .description('one of them')
    .argument('<id>')
    .action(async (id: string, _options, self: Command) => {
      printJson(await analyzerOf(self).ask(`GET /api/${path}/{id}`, { params: { id } }));
    });
  command
    .command('delete')
    .description('delete one or several')
    .argument('<id...>')
    .action(async (ids: readonly string[], _options, self: Command) => {
      const analyzer = analyzerOf(self);
      for (const id of ids) await analyzer.ask(`DELETE /api/${path}/{id}`, { params: { id } });
    });
  return command;
}
