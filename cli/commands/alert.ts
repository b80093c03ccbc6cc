/** `edgedive alert create|update|list|get|delete`: questions that are asked again and again. */
import type { Command } from 'commander';
import type { AlertRequest } from '../../core/api/operations.ts';
import { usageError } from '../errors.ts';
import { printJson } from '../output.ts';
import { analyzerOf, given } from './common.ts';
import { resourceCommand } from './resource.ts';

interface AlertOptions {
  readonly name?: string;
  readonly description?: string;
  readonly trigger?: string;
  readonly expression?: string;
  readonly action?: string;
}

function membersOf({ name, description, trigger, expression, action }: AlertOptions): AlertRequest {
  return given({
    Name: name,
    Description: description,
    Expression: expression,
    Action: action,
    Trigger: trigger,
  });
}

function withMembers(command: Command): Command {
  return command
    .option('--name <name>')
    .option('--description <text>')
    .option('--trigger <trigger>', 'graph (the default of create), or duration:30s')
    .option('--expression <gremlin>', 'what is asked; JavaScript when it is no Gremlin')
    .option('--action <url>', 'that is told each time the answer becomes another');
}

export function alertCommand(): Command {
  const command = resourceCommand({
    name: 'alert',
    path: 'alert',
    description: 'questions that are asked again and again, and told when the answer changes',
  });
  withMembers(command.command('create').description('ask something from now on')).action(
    async (options: AlertOptions, self: Command) => {
      if (options.expression === undefined) throw usageError('--expression: what is to be asked?');
      printJson(
        await analyzerOf(self).ask('POST /api/alert', { body: membersOf({ trigger: 'graph', ...options }) }),
      );
    },
  );
  withMembers(command.command('update').description('change one').argument('<id>')).action(
    async (id: string, options: AlertOptions, self: Command) => {
      const patch = Object.entries(membersOf(options)).map(([name, value]) => ({
        op: 'add',
        path: `/${name}`,
        value,
      }));
      printJson(await analyzerOf(self).ask('PATCH /api/alert/{id}', { params: { id }, body: patch }));
    },
  );
  return command;
}
