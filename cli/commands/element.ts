/** `edgedive node` and `edgedive edge`: elements of one's own, and metadata set on any. */
import { hostname } from 'node:os';
import { Command } from 'commander';
import { isJsonObject } from '../../core/graph/metadata.ts';
import type { Json } from '../../core/graph/element.ts';
import type { Analyzer } from '../analyzer.ts';
import { CommandError, exitStatus, usageError } from '../errors.ts';
import { metadataPatch } from '../metadata-patch.ts';
import { readMetadata, readPair } from '../metadata-option.ts';
import { note, printJson } from '../output.ts';
import { analyzerOf, gathered } from './common.ts';
import { resourceCommand } from './resource.ts';

type Kind = 'node' | 'edge';

export function nodeCommand(): Command {
  const command = elementCommand('node');
  command
    .command('create')
    .description('add a node')
    .requiredOption('--node-name <name>')
    .requiredOption('--node-type <type>', 'host, switch, … : any word')
    .option('--metadata <key=value>', 'repeatable', gathered)
    .option('--host <host>', 'the host that it belongs to', hostname())
    .action(async (options: NodeOptions, self: Command) => {
      const Metadata = {
        Name: options.nodeName,
        Type: options.nodeType,
        ...readMetadata(options.metadata ?? []),
      };
      await create(analyzerOf(self), 'node', { Metadata, Host: options.host });
    });
  return command;
}

interface NodeOptions {
  readonly nodeName: string;
  readonly nodeType: string;
  readonly metadata?: readonly string[];
  readonly host: string;
}

interface EdgeOptions {
  readonly edgeType: string;
  readonly parent: string;
  readonly child: string;
  readonly metadata?: readonly string[];
  readonly host: string;
}

export function edgeCommand(): Command {
  const command = elementCommand('edge');
  command
    .command('create')
    .description('join two nodes')
    .requiredOption('--edge-type <type>', 'the RelationType: layer2, ownership, …')
    .requiredOption('--parent <node>', 'id of a node, or a query that selects one')
    .requiredOption('--child <node>', 'id of a node, or a query that selects one')
    .option('--metadata <key=value>', 'repeatable', gathered)
    .option('--host <host>', 'the host that it belongs to', hostname())
    .action(async (options: EdgeOptions, self: Command) => {
      const analyzer = analyzerOf(self);
      const Metadata = { RelationType: options.edgeType, ...readMetadata(options.metadata ?? []) };
      const [Parent, Child] = [
        await findNode(analyzer, '--parent', options.parent),
        await findNode(analyzer, '--child', options.child),
      ];
      await create(analyzer, 'edge', { Parent, Child, Metadata, Host: options.host });
    });
  return command;
}

async function create(analyzer: Analyzer, kind: Kind, members: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify({ ID: crypto.randomUUID(), ...members });
  printJson(await analyzer.json({ method: 'POST', path: `/api/${kind}`, body }));
}

interface UpdateOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

function elementCommand(kind: Kind): Command {
  const command = resourceCommand({ name: kind, path: kind, description: `${kind}s of the graph` });
  command
    .command('update')
    .description('set and remove metadata')
    .argument('<id>')
    .option('-a, --add <key=value>', 'set this; repeatable', gathered)
    .option('-r, --remove <key>', 'remove this; repeatable', gathered)
    .action(async (id: string, { add = [], remove = [] }: UpdateOptions, self: Command) => {
      if (add.length + remove.length === 0) throw usageError('nothing to do: give --add or --remove');
      const analyzer = analyzerOf(self);
      const wanted = add.map(readPair);
      const element = (await analyzer.ask(`GET /api/${kind}/{id}`, { params: { id } })) as Json | undefined;
      const patch = metadataPatch(isJsonObject(element) ? element['Metadata'] : undefined, wanted, remove);
      const changed = await analyzer.ask(`PATCH /api/${kind}/{id}`, { params: { id }, body: patch });
      if (changed === undefined) note('unchanged: it said so already');
      else printJson(changed);
    });
  const isDelete = (inner: Command): boolean => inner.name() === 'delete';
  // Over the common one: elements may be named by a query too.
  (command.commands as Command[]).splice(command.commands.findIndex(isDelete), 1);
  command
    .command('delete')
    .description(`delete ${kind}s, by id or by query`)
    .argument('[id...]')
    .option('--gremlin', `what is given are queries that select ${kind}s`)
    .action(async (words: readonly string[], { gremlin = false }: { gremlin?: boolean }, self: Command) => {
      if (words.length === 0) throw usageError('name what to delete');
      const analyzer = analyzerOf(self);
      const ids = gremlin ? (await Promise.all(words.map((word) => idsOf(analyzer, word)))).flat() : words;
      for (const id of new Set(ids)) await analyzer.ask(`DELETE /api/${kind}/{id}`, { params: { id } });
    });
  return command;
}

const isQuery = (text: string): boolean => /^\s*g\s*\.\s*[ve]\b/i.test(text);

async function findNode(analyzer: Analyzer, option: string, word: string): Promise<string> {
  if (!isQuery(word)) return word;
  const ids = await idsOf(analyzer, word);
  if (ids.length === 1) return ids[0]!;
  throw new CommandError(exitStatus.refused, `${option}: the query selects ${ids.length} nodes, not one`);
}

async function idsOf(analyzer: Analyzer, query: string): Promise<string[]> {
  const result = (await analyzer.query(query)) as Json;
  const elements = Array.isArray(result) ? (result as readonly Json[]) : [];
  return elements.map((element) => {
    const id = isJsonObject(element) ? element['ID'] : undefined;
    if (typeof id === 'string') return id;
    throw new CommandError(exitStatus.refused, `not a query for nodes or edges: ${query}`);
  });
}
