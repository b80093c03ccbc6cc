/**
 * `edgedive flows observe`, in the manner of `hubble observe`: the last flows, those since a moment, or with `-f` each
 * update as it happens. Filters are flags; values of one flag are alternatives.
 */
import { Command, Option } from 'commander';
import type { Json } from '../../core/graph/element.ts';
import { printParam } from '../../core/gremlin/print.ts';
import { messageOf } from '../../core/errors.ts';
import type { Analyzer } from '../analyzer.ts';
import { CommandError, exitStatus } from '../errors.ts';
import { filterSteps, readMoment, spanStart, spanSteps, type FlowFlags } from '../flow-filter.ts';
import type { ShownFlow } from '../flow-line.ts';
import { FlowStream } from '../flow-stream.ts';
import { flowPrinter, OUTPUTS, type Output, type PrintFlow } from '../flow-printer.ts';
import { NodeNames } from '../node-names.ts';
import { note } from '../output.ts';
import { analyzerOf, gathered, integer } from './common.ts';

const LAST_DEFAULT = 20;
const LAST_MAX = 1_000_000;

interface ObserveOptions extends FlowFlags {
  readonly follow?: boolean;
  readonly last?: number;
  readonly since?: string;
  readonly until?: string;
  readonly node?: string;
  readonly output: Output;
}

const ports = (text: string, before: readonly number[] = []): number[] => [
  ...before,
  integer(0, 65_535)(text),
];

export function flowsCommand(): Command {
  const command = new Command('flows').description('what flows through the network');
  command
    .command('observe')
    .description('the last flows, or with -f every update as it happens')
    .option('-f, --follow', 'go on with what comes')
    .option('--last <n>', `the flows heard of last (${LAST_DEFAULT}; 0 with -f)`, integer(0, LAST_MAX))
    .option('--since <moment>', 'flows seen since: 5m, 2026-01-31T12:00:00Z, seconds since 1970')
    .option('--until <moment>', 'flows that began before')
    .option('--ip <address>', 'at either end; an address or 10.0.0.0/8; repeatable', gathered)
    .option('--from-ip <address>', 'at end A, which began', gathered)
    .option('--to-ip <address>', 'at end B', gathered)
    .option('--mac <mac>', 'at either end', gathered)
    .option('--port <port>', 'at either end', ports)
    .option('--from-port <port>', 'at end A', ports)
    .option('--to-port <port>', 'at end B', ports)
    .option('--protocol <name>', 'tcp, udp, sctp; or icmp, dns, arp, …', gathered)
    .option('--application <name>', 'as flows name it', gathered)
    .option('--capture <uuid>', 'of these captures', gathered)
    .option('--node <name>', 'captured on nodes of this name, or on what a Gremlin query selects')
    .option('--gremlin <steps>', 'further steps: "Has(\'Metric.ABBytes\', GT(1000000))"')
    .addOption(new Option('-o, --output <form>').choices(OUTPUTS).default('compact'))
    .action(async (options: ObserveOptions, self: Command) => {
      await observe(analyzerOf(self), options);
    });
  return command;
}

async function observe(analyzer: Analyzer, options: ObserveOptions): Promise<void> {
  const tids = options.node === undefined ? undefined : await tidsOf(analyzer, options.node);
  const steps = filterSteps(options, tids);
  const isPlain = options.output === 'json';
  const names = isPlain ? undefined : new NodeNames(analyzer);
  const show = flowPrinter(options.output);
  const stream = options.follow === true ? await FlowStream.open(analyzer.connection, steps) : undefined;
  // What comes while the past is asked waits for it.
  await showPast(analyzer, steps, options, show, names);
  if (stream === undefined) return;
  process.once('SIGINT', () => stream.close());
  await stream.each((flows) => showAll(flows, show, names));
}

async function showPast(
  analyzer: Analyzer,
  steps: string,
  options: ObserveOptions,
  show: PrintFlow,
  names: NodeNames | undefined,
): Promise<void> {
  const { since, until, follow = false } = options;
  const count = options.last ?? (since === undefined ? (follow ? 0 : LAST_DEFAULT) : LAST_MAX);
  if (count === 0) return;
  const nowMs = Date.now();
  const span = {
    fromMs: since === undefined ? undefined : readMoment('--since', since, nowMs),
    toMs: until === undefined ? undefined : readMoment('--until', until, nowMs),
  };
  const rest = [steps, spanSteps(span), "Sort(DESC, 'Last')", `Limit(${count})`];
  const flows = await askPast(analyzer, spanStart(span, nowMs), rest.filter((step) => step !== '').join('.'));
  await showAll(flows.toReversed(), show, names);
}

/**
 * With a span, flows that have ended are asked of the analyzer's history; where it keeps none, or none asked for, the live ones
 * answer.
 */
async function askPast(
  analyzer: Analyzer,
  past: string | undefined,
  steps: string,
): Promise<readonly ShownFlow[]> {
  const live = async (): Promise<readonly ShownFlow[]> =>
    (await analyzer.query(`G.Flows().${steps}`)) as ShownFlow[];
  if (past === undefined) return live();
  try {
    return (await analyzer.query(`${past}.Flows().${steps}`)) as ShownFlow[];
  } catch (error) {
    if (!/does not support history|No storage backend/.test(messageOf(error))) throw error;
    note('edgedive: this analyzer keeps no history: only flows that are live');
    return live();
  }
}

async function showAll(
  flows: readonly ShownFlow[],
  show: PrintFlow,
  names: NodeNames | undefined,
): Promise<void> {
  await names?.learn(flows.map((flow) => flow.NodeTID));
  for (const flow of flows) show(flow, names?.of(flow.NodeTID) ?? '');
}

/** TIDs of the nodes of this name, or that a query selects. */
async function tidsOf(analyzer: Analyzer, node: string): Promise<string[]> {
  const isQuery = /^\s*g\s*\.\s*v\b/i.test(node);
  const query = isQuery ? node : `G.V().Has('Name', ${printParam({ kind: 'text', value: node, offset: 0 })})`;
  const tids = (await analyzer.query(`${query}.Values('TID')`)) as Json;
  const texts = (Array.isArray(tids) ? (tids as readonly Json[]) : []).filter(
    (tid) => typeof tid === 'string',
  );
  if (texts.length === 0) throw new CommandError(exitStatus.refused, `--node: there is no node ${node}`);
  if (texts.length > 1) note(`--node: ${texts.length} nodes`);
  return texts;
}
