/** `edgedive workflow create|list|get|delete|call`: scripts that the analyzer keeps and runs. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { messageOf } from '../../core/errors.ts';
import { InputError } from '../../core/wire/json-input.ts';
import { readWorkflow } from '../../core/workflow/validate.ts';
import { usageError } from '../errors.ts';
import { printJson } from '../output.ts';
import { analyzerOf } from './common.ts';
import { resourceCommand } from './resource.ts';

export function workflowCommand(): Command {
  const command = resourceCommand({
    name: 'workflow',
    path: 'workflow',
    description: 'scripts that the analyzer runs',
  });
  command
    .command('create')
    .description('keep a workflow')
    .requiredOption('--path <file>', 'YAML or JSON with Name, Parameters and Source')
    .action(async ({ path }: { readonly path: string }, self: Command) => {
      const body = JSON.stringify(readFile(path));
      printJson(await analyzerOf(self).json({ method: 'POST', path: '/api/workflow', body }));
    });
  command
    .command('call')
    .description('run a workflow and print what it returns')
    .argument('<id>')
    .argument('[args...]', 'handed over as texts')
    .action(async (id: string, args: readonly string[], _options, self: Command) => {
      const body = { Params: args };
      printJson(await analyzerOf(self).ask('POST /api/workflow/{id}/call', { params: { id }, body }));
    });
  return command;
}

/** What is wrong with it is said here already, before anything is sent. */
function readFile(path: string): unknown {
  try {
    const input: unknown = parse(readFileSync(path, 'utf8'), { logLevel: 'error' });
    const checked = readWorkflow(input);
    if ('errors' in checked) throw new InputError(checked.errors.join('\n'));
    return input;
  } catch (error) {
    throw usageError(`--path: ${messageOf(error)}`);
  }
}
