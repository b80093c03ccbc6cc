/** Another time than now: the graph and the flows as they were, asked once; what is goes on in the background. */
import { batch, signal } from '@preact/signals';
import type { Graph } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { ask } from '../link/api.ts';
import type { FlowJson } from '../model/flow-rows.ts';
import { LiveGraph } from '../model/live-graph.ts';
import { showGraph } from './live.ts';

/** ms since 1970; undefined for now. */
export const pastMs = signal<number | undefined>(undefined);
/** Flows of the minutes before it. */
export const pastFlows = signal<readonly FlowJson[]>([]);
export const pastProblem = signal('');
export const PAST_FLOWS = '5m';

async function query(text: string): Promise<unknown> {
  return ask('POST /api/topology', { body: { GremlinQuery: text } });
}

/** The last that was asked for wins. Where there is no such past, that is said, and what is stays. */
export async function goTo(ms: number | undefined): Promise<void> {
  pastMs.value = ms;
  if (ms === undefined) {
    batch(() => {
      pastFlows.value = [];
    });
    showGraph(undefined);
    return;
  }
  try {
    const flows = `G.At(${ms}, '${PAST_FLOWS}').Flows().Sort(DESC, 'Last').Limit(${limits.pagePastFlowsMax})`;
    const [graphs, found] = await Promise.all([query(`G.At(${ms})`), query(flows)]);
    if (pastMs.value !== ms) return;
    const [was] = graphs as readonly Graph[];
    const then = new LiveGraph();
    then.apply('SyncReply', was ?? { Nodes: null, Edges: null });
    batch(() => {
      pastProblem.value = '';
      pastFlows.value = found as readonly FlowJson[];
    });
    showGraph(then);
  } catch (error) {
    if (pastMs.value !== ms) return;
    await goTo(undefined);
    pastProblem.value = `That time cannot be shown: ${messageOf(error)}`;
  }
}
