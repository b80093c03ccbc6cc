/** Another time than now: the graph and the flows as they were, asked once; what is goes on in the background. And what differs between two times. */
import { batch, signal } from '@preact/signals';
import type { Graph } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { ask } from '../link/api.ts';
import type { FlowJson } from '../model/flow-rows.ts';
import { changesOf, differenceOf, unionOf, type Change, type Difference } from '../model/graph-difference.ts';
import { LiveGraph } from '../model/live-graph.ts';
import { liveGraph, showGraph } from './live.ts';

/** ms since 1970; undefined for now. */
export const pastMs = signal<number | undefined>(undefined);
/** Flows of the minutes before it. */
export const pastFlows = signal<readonly FlowJson[]>([]);
export const pastProblem = signal('');
export const PAST_FLOWS = '5m';

export interface Compared {
  /** ms since 1970, of the two times. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly difference: Difference;
  readonly changes: ReadonlyMap<string, Change>;
}

/** While two times are compared tree and map have what was at either. */
export const compared = signal<Compared | undefined>(undefined);

async function query(text: string): Promise<unknown> {
  return ask('POST /api/topology', { body: { GremlinQuery: text } });
}

async function graphAt(ms: number): Promise<LiveGraph> {
  const [was] = (await query(`G.At(${ms})`)) as readonly Graph[];
  const then = new LiveGraph();
  then.apply('SyncReply', was ?? { Nodes: null, Edges: null });
  return then;
}

/** What is shown when nothing is compared; undefined for what is. */
let then: LiveGraph | undefined;
/** The last that was asked for wins; another time ends a comparison. */
let timesAsked = 0;
let comparisonsAsked = 0;

/** Where there is no such past, that is said, and what is stays. */
export async function goTo(ms: number | undefined): Promise<void> {
  const mine = ++timesAsked;
  comparisonsAsked++;
  pastMs.value = ms;
  if (ms === undefined) {
    then = undefined;
    batch(() => {
      pastFlows.value = [];
      compared.value = undefined;
    });
    showGraph(undefined);
    return;
  }
  try {
    const flows = `G.At(${ms}, '${PAST_FLOWS}').Flows().Sort(DESC, 'Last').Limit(${limits.pagePastFlowsMax})`;
    const [graph, found] = await Promise.all([graphAt(ms), query(flows)]);
    if (mine !== timesAsked) return;
    then = graph;
    batch(() => {
      pastProblem.value = '';
      pastFlows.value = found as readonly FlowJson[];
      compared.value = undefined;
    });
    showGraph(then);
  } catch (error) {
    if (mine !== timesAsked) return;
    await goTo(undefined);
    pastProblem.value = `That time cannot be shown: ${messageOf(error)}`;
  }
}

/** Compares the time that is shown with another; 0 for now, undefined to end it. False when there is no such time. */
export async function compareWith(ms: number | undefined): Promise<boolean> {
  const mine = ++comparisonsAsked;
  if (ms === undefined) {
    compared.value = undefined;
    showGraph(then);
    return true;
  }
  try {
    const nowMs = Date.now();
    const here = { ms: pastMs.value ?? nowMs, graph: then ?? liveGraph() };
    const there = ms === 0 ? { ms: nowMs, graph: liveGraph() } : { ms, graph: await graphAt(ms) };
    if (mine !== comparisonsAsked) return true;
    const [before, after] = here.ms <= there.ms ? [here, there] : [there, here];
    const difference = differenceOf(before.graph, after.graph);
    batch(() => {
      pastProblem.value = '';
      compared.value = {
        beforeMs: before.ms,
        afterMs: after.ms,
        difference,
        changes: changesOf(difference),
      };
    });
    showGraph(unionOf(before.graph, after.graph));
    return true;
  } catch (error) {
    if (mine !== comparisonsAsked) return true;
    pastProblem.value = `That time cannot be compared: ${messageOf(error)}`;
    compared.value = undefined;
    return false;
  }
}
