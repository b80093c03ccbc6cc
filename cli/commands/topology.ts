/** `edgedive topology query|export|import`. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isJsonObject } from '../../core/graph/metadata.ts';
import type { Json } from '../../core/graph/element.ts';
import { messageOf } from '../../core/errors.ts';
import { usageError } from '../errors.ts';
import { note } from '../output.ts';
import { publishGraph, type GraphJson } from '../publisher.ts';
import { analyzerOf } from './common.ts';
import { formatOption, runQuery, type Format } from './query.ts';

export function topologyCommand(): Command {
  const command = new Command('topology').description('the graph as a whole');
  command
    .command('query')
    .description('run a Gremlin query')
    .option('--gremlin <query>', 'the query', 'G')
    .addOption(formatOption())
    .action(async ({ gremlin, format }: { gremlin: string; format: Format }, self: Command) => {
      await runQuery(self, gremlin, format);
    });
  command
    .command('export')
    .description('print the whole graph, as import reads it')
    .action(async (_options, self: Command) => {
      await runQuery(self, 'G', 'json');
    });
  command
    .command('import')
    .description('add the nodes and edges of a file that export wrote')
    .option('--file <file>', 'an array of one {"Nodes":[…],"Edges":[…]}, or that object alone', 'graph.json')
    .option('--endpoint <path>', 'the socket that takes them', '/ws/publisher')
    .action(async ({ file, endpoint }: { file: string; endpoint: string }, self: Command) => {
      const graph = readGraph(file);
      await publishGraph(analyzerOf(self).connection, endpoint, graph);
      note(`sent ${graph.Nodes.length} nodes and ${graph.Edges.length} edges`);
    });
  return command;
}

function readGraph(file: string): GraphJson {
  let read: Json;
  try {
    read = JSON.parse(readFileSync(file, 'utf8')) as Json;
  } catch (error) {
    throw usageError(`--file: ${messageOf(error)}`);
  }
  const [graph, ...others] = Array.isArray(read) ? (read as readonly Json[]) : [read];
  if (!isJsonObject(graph) || others.length > 0)
    throw usageError('--file: expected an array of exactly one {"Nodes":[…],"Edges":[…]}');
  return { Nodes: listOf(graph, 'Nodes'), Edges: listOf(graph, 'Edges') };
}

/** The server writes null for an empty list. */
function listOf(graph: { readonly [key: string]: Json }, member: string): readonly Json[] {
  const list = graph[member] ?? [];
  if (!Array.isArray(list)) throw usageError(`--file: ${member} is not a list`);
  return list as readonly Json[];
}
