/** Which changes of the graph are worth asking again what a query selects. */
import type { GraphEvent } from './element.ts';
import { jsonEquals } from './metadata.ts';

/** Metadata that changes all the time and that hardly a query asks for. */
const STATISTICS: ReadonlySet<string> = new Set(['Captures', 'Metric', 'LastUpdateMetric', 'SFlow']);

/** Whether more than statistics changed; a statistic counts when somebody asks for its key. */
export function isLastingChange(event: GraphEvent, isAskedFor: (key: string) => boolean): boolean {
  if (event.kind !== 'nodeUpdated' && event.kind !== 'edgeUpdated') return true;
  const [before, after] =
    event.kind === 'nodeUpdated'
      ? [event.before.metadata, event.node.metadata]
      : [event.before.metadata, event.edge.metadata];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (jsonEquals(before[key], after[key])) continue;
    if (!STATISTICS.has(key) || isAskedFor(key)) return true;
  }
  return false;
}
