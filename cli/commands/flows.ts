/**
 * `edgedive flows observe`, in the manner of `hubble observe`: the last flows, those since a moment, or with `-f` each
 * update as it happens. Filters are flags; values of one flag are alternatives.
 */
import { Command } from 'commander';
import type { Json } from '../../core/graph/element.ts';
import { printParam } from '../../core/gremlin/print.ts';
import { messageOf } from '../../core/errors.ts';
import type { Analyzer } from '../analyzer.ts';
import { CommandError, exitStatus, usageError } from '../errors.ts';
import { filterSteps, readMoment, spanStart, spanSteps } from '../flow-filter.ts';
import type { ShownFlow } from '../flow-line.ts';
import { FlowStream } from '../flow-stream.ts';
import { flowPrinter, type PrintFlow } from '../flow-printer.ts';
import { NodeNames } from '../node-names.ts';
import { note } from '../output.ts';
import { analyzerOf } from './common.ts';
import { LAST_DEFAULT, LAST_MAX, observeCommand, type ObserveOptions } from './observe-options.ts';

export function flowsCommand(): Command {
  const command = new Command('flows').description('what flows through the network');
  command.addCommand(
    observeCommand(async (options, self) => {
      await observe(analyzerOf(self), options);
    }),
  );
  return command;
}

async function observe(analyzer: Analyzer, options: ObserveOptions): Promise<void> {
  useColours(options.color);
  const nowMs = Date.now();
  const span = {
    fromMs: options.since === undefined ? undefined : readMoment('--since', options.since, nowMs),
    toMs: options.until === undefined ? undefined : readMoment('--until', options.until, nowMs),
  };
  const isFollowing = options.follow === true;
  if (isFollowing && span.toMs !== undefined && span.toMs <= nowMs)
    throw usageError('--until has passed: there is nothing to follow');
  const steps = filterSteps(options, await wantedTids(analyzer, options));
  const names = options.output === 'json' ? undefined : new NodeNames(analyzer);
  const show = flowPrinter(options.output);
  const stream = isFollowing ? await FlowStream.open(analyzer.connection, steps) : undefined;
  // What comes while the past is asked waits for it.
  await showPast(analyzer, [steps, spanSteps(span)], spanStart(span, nowMs), options, show, names);
  if (stream === undefined) return;
  process.once('SIGINT', () => stream.close());
  const end = span.toMs === undefined ? undefined : setTimeout(() => stream.close(), span.toMs - nowMs);
  try {
    await stream.each((flows) => showAll(flows, show, names));
  } finally {
    clearTimeout(end);
  }
}

/** For what is printed from now on; a terminal and NO_COLOR decide when nothing is said. */
function useColours(when: ObserveOptions['color']): void {
  if (when === 'auto') return;
  delete process.env[when === 'always' ? 'NO_COLOR' : 'FORCE_COLOR'];
  process.env[when === 'always' ? 'FORCE_COLOR' : 'NO_COLOR'] = '1';
}

async function showPast(
  analyzer: Analyzer,
  steps: readonly string[],
  past: string | undefined,
  options: ObserveOptions,
  show: PrintFlow,
  names: NodeNames | undefined,
): Promise<void> {
  const count = wantedCount(options);
  if (count === 0) return;
  const order = options.first === undefined ? 'DESC' : 'ASC';
  const rest = [...steps, `Sort(${order}, 'Last')`, `Limit(${count})`].filter((step) => step !== '');
  const flows = await askPast(analyzer, past, rest.join('.'));
  await showAll(options.first === undefined ? flows.toReversed() : flows, show, names);
}

function wantedCount({ first, last, all, since, follow = false }: ObserveOptions): number {
  if (first !== undefined && last !== undefined) throw usageError('either --first or --last');
  return first ?? last ?? (all === true || since !== undefined ? LAST_MAX : follow ? 0 : LAST_DEFAULT);
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

/** TIDs of the nodes that `--node` and `--namespace` name; undefined when neither is given. */
async function wantedTids(
  analyzer: Analyzer,
  { node, namespace }: ObserveOptions,
): Promise<string[] | undefined> {
  const ofNode = node === undefined ? undefined : await tidsOf(analyzer, '--node', node, nodesNamed(node));
  if (namespace === undefined) return ofNode;
  const query = `G.V().Has('Type', 'netns').Has('Name', ${quoted(namespace)}).Descendants()`;
  const inside = await tidsOf(analyzer, '--namespace', namespace, query);
  return ofNode === undefined ? inside : ofNode.filter((tid) => inside.includes(tid));
}

function nodesNamed(node: string): string {
  return /^\s*g\s*\.\s*v\b/i.test(node) ? node : `G.V().Has('Name', ${quoted(node)})`;
}

function quoted(text: string): string {
  return printParam({ kind: 'text', value: text, offset: 0 });
}

async function tidsOf(analyzer: Analyzer, option: string, name: string, query: string): Promise<string[]> {
  const tids = (await analyzer.query(`${query}.Values('TID')`)) as Json;
  const texts = (Array.isArray(tids) ? (tids as readonly Json[]) : []).filter(
    (tid) => typeof tid === 'string',
  );
  if (texts.length === 0) throw new CommandError(exitStatus.refused, `${option}: there is no node ${name}`);
  if (texts.length > 1) note(`${option}: ${texts.length} nodes`);
  return texts;
}
