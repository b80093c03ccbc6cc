/**
 * Metadata that changes all the time and that hardly a query asks for. Whoever runs queries again after changes of the graph
 * can let such changes pass.
 */
import type { GraphEvent, GraphNode, Metadata } from './element.ts';
import { jsonEquals } from './metadata.ts';

const STATISTICS: ReadonlySet<string> = new Set([
  'Captures',
  'PacketInjections',
  'Metric',
  'LastUpdateMetric',
  'SFlow',
]);

/** Keys of an element that every update changes. */
const ALWAYS_CHANGING: readonly string[] = ['@UpdatedAt', '@Revision'];

/** Whether the event can change what one of the query texts yields. */
export function canMatter(event: GraphEvent, queries: readonly string[]): boolean {
  if (event.kind !== 'nodeUpdated' && event.kind !== 'edgeUpdated') return true;
  const names = (key: string): boolean => queries.some((query) => query.includes(key));
  if (ALWAYS_CHANGING.some(names)) return true;
  const after: Metadata = event.kind === 'nodeUpdated' ? event.node.metadata : event.edge.metadata;
  const before: Metadata = event.before.metadata;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (!jsonEquals(before[key], after[key]) && (!STATISTICS.has(key) || names(key))) return true;
  return false;
}

/** Those of the query texts that ask for what changes all the time: `canMatter` says the same of them as of all. */
export function askingForStatistics(queries: readonly string[]): readonly string[] {
  const words = [...ALWAYS_CHANGING, ...STATISTICS];
  return queries.filter((query) => words.some((word) => query.includes(word)));
}

/** Whether nothing but statistics tell two states of an element apart, and none of them came or went. */
export function isOnlyStatistics(before: GraphNode, after: GraphNode): boolean {
  if (before.host !== after.host || before.origin !== after.origin) return false;
  if (before.createdAt !== after.createdAt || before.deletedAt !== after.deletedAt) return false;
  const keys = Object.keys(after.metadata);
  if (keys.length !== Object.keys(before.metadata).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(before.metadata, key) &&
      (STATISTICS.has(key) || jsonEquals(before.metadata[key], after.metadata[key])),
  );
}

/** The metadata that changes all the time, alone. */
export function statisticsOf(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => STATISTICS.has(key)));
}

/** The metadata without what changes all the time. */
export function withoutStatistics(metadata: Metadata): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !STATISTICS.has(key)));
}
