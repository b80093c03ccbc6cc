/** `edgedive node-rule` and `edge-rule`: what is added to the graph as long as queries select something. */
import { Command, Option } from 'commander';
import { printJson } from '../output.ts';
import { readMetadata } from '../metadata-option.ts';
import { analyzerOf, gathered, given } from './common.ts';
import { resourceCommand } from './resource.ts';

interface NodeRuleOptions {
  readonly name?: string;
  readonly description?: string;
  readonly action: string;
  readonly query?: string;
  readonly nodeName?: string;
  readonly nodeType?: string;
  readonly metadata?: readonly string[];
}

export function nodeRuleCommand(): Command {
  const command = resourceCommand({
    name: 'node-rule',
    alias: 'noderule',
    path: 'noderule',
    description: 'nodes that are made, or metadata that is set, by rule',
  });
  command
    .command('create')
    .description('make a node, or set metadata on what a query selects')
    .option('--name <name>', 'of the rule')
    .option('--description <text>')
    .addOption(new Option('--action <action>').choices(['create', 'update']).makeOptionMandatory())
    .option('--query <gremlin>', 'nodes to update')
    .option('--node-name <name>', 'of the node that is made')
    .option('--node-type <type>', 'of the node that is made')
    .option('--metadata <key=value>', 'repeatable', gathered)
    .action(async (options: NodeRuleOptions, self: Command) => {
      const body = given({
        Name: options.name,
        Description: options.description,
        Action: options.action,
        Query: options.query,
        Metadata: {
          ...given({ Name: options.nodeName, Type: options.nodeType }),
          ...readMetadata(options.metadata ?? []),
        },
      });
      printJson(await create(self, 'noderule', body));
    });
  return command;
}

interface EdgeRuleOptions {
  readonly name?: string;
  readonly description?: string;
  readonly src: string;
  readonly dst: string;
  readonly relationtype?: string;
  readonly metadata?: readonly string[];
}

export function edgeRuleCommand(): Command {
  const command = resourceCommand({
    name: 'edge-rule',
    alias: 'edgerule',
    path: 'edgerule',
    description: 'edges that are made by rule',
  });
  command
    .command('create')
    .description('join what two queries select')
    .option('--name <name>', 'of the rule')
    .option('--description <text>')
    .requiredOption('--src <gremlin>', 'parents')
    .requiredOption('--dst <gremlin>', 'children')
    .option('--relationtype <type>', 'layer2 or ownership')
    .option('--metadata <key=value>', 'repeatable', gathered)
    .action(async (options: EdgeRuleOptions, self: Command) => {
      const body = given({
        Name: options.name,
        Description: options.description,
        Src: options.src,
        Dst: options.dst,
        Metadata: {
          ...given({ RelationType: options.relationtype }),
          ...readMetadata(options.metadata ?? []),
        },
      });
      printJson(await create(self, 'edgerule', body));
    });
  return command;
}

async function create(command: Command, path: string, body: Record<string, unknown>): Promise<unknown> {
  return analyzerOf(command).json({ method: 'POST', path: `/api/${path}`, body: JSON.stringify(body) });
}
