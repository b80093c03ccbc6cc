/** `edgedive query GREMLIN`: a result as JSON, as a drawing for Graphviz, or as a capture file. */
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { usageError } from '../errors.ts';
import { harmless, printJson } from '../output.ts';
import { analyzerOf } from './common.ts';

const ACCEPT = { dot: 'text/vnd.graphviz', pcap: 'application/vnd.tcpdump.pcap' } as const;
export type Format = 'json' | keyof typeof ACCEPT;

export function formatOption(): Option {
  return new Option('--format <format>', 'how the result is printed')
    .choices(['json', ...Object.keys(ACCEPT)])
    .default('json');
}

export function queryCommand(): Command {
  return new Command('query')
    .description('run a Gremlin query')
    .argument('<gremlin>', "for example \"G.V().Has('Type', 'bridge')\"")
    .addOption(formatOption())
    .option('--explain', 'print how the answer comes about instead of the answer')
    .action(async (gremlin: string, options: { format: Format; explain?: boolean }, self: Command) => {
      if (options.explain === true) await explainQuery(self, gremlin);
      else await runQuery(self, gremlin, options.format);
    });
}

async function* eachHarmless(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const text of texts) yield harmless(text);
}

async function explainQuery(command: Command, gremlin: string): Promise<void> {
  const asked = { query: { explain: '1' }, body: { GremlinQuery: gremlin } };
  printJson(await analyzerOf(command).ask('POST /api/topology', asked));
}

export async function runQuery(command: Command, gremlin: string, format: Format): Promise<void> {
  if (gremlin.trim() === '') throw usageError('the query is empty');
  const analyzer = analyzerOf(command);
  if (format === 'json') {
    printJson(await analyzer.query(gremlin));
    return;
  }
  if (format === 'pcap' && process.stdout.isTTY)
    throw usageError(
      '--format pcap prints binary data: send it to a file or a program, as in > packets.pcap',
    );
  const answer = await analyzer.send({
    method: 'POST',
    path: '/api/topology',
    headers: { Accept: ACCEPT[format], 'Content-Type': 'application/json' },
    body: JSON.stringify({ GremlinQuery: gremlin }),
  });
  if (format === 'pcap') {
    await pipeline(answer, process.stdout, { end: false });
    return;
  }
  // Names stand in it as they are.
  answer.setEncoding('utf8');
  await pipeline(answer, eachHarmless, process.stdout, { end: false });
}
