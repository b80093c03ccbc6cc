/**
 * `Has('Capture', …)` on flows: the capture's name or id. A flow carries the id alone; names are those of the captures
 * that there are, and of those that nodes of the graph at hand carry in their metadata.
 */
import type { FlowFilter } from '../../flow/search.ts';
import type { Json } from '../../graph/element.ts';
import { isJsonObject } from '../../graph/metadata.ts';
import { testOf } from '../condition.ts';
import type { Condition } from '../condition.ts';
import type { NamedCapture } from '../context.ts';
import type { Run, Traversal } from '../state.ts';

const KEYS: ReadonlySet<string> = new Set(['Capture', 'Capture.Name', 'Capture.ID']);

export function isCaptureKey(key: string): boolean {
  return KEYS.has(key);
}

/** Looked for only when a key asks for it. */
export type CaptureNames = () => readonly NamedCapture[];

export function captureNames(run: Run, on: Traversal): CaptureNames {
  return () => run.once(on, () => namesIn(run, on));
}

function namesIn(run: Run, on: Traversal): readonly NamedCapture[] {
  const found = new Map<string, NamedCapture>();
  for (const node of on.view.nodes()) {
    run.cost.visited++;
    const { Captures: captures } = node.metadata;
    if (!Array.isArray(captures)) continue;
    for (const one of captures as readonly Json[]) {
      if (!isJsonObject(one) || typeof one['ID'] !== 'string') continue;
      const name = typeof one['Name'] === 'string' ? one['Name'] : '';
      found.set(one['ID'], { id: one['ID'], name });
    }
  }
  for (const capture of run.context.captures?.() ?? []) found.set(capture.id, capture);
  return [...found.values()];
}

/** The ids of the captures for which the condition holds, as a filter on CaptureID. */
export function captureFilter(key: string, condition: Condition, names: CaptureNames): FlowFilter {
  const test = testOf(condition, true);
  const valueOf = ({ id, name }: NamedCapture): Json | undefined => {
    if (key === 'Capture.ID') return id;
    if (key === 'Capture.Name') return name === '' ? undefined : name;
    return name === '' ? [id] : [id, name];
  };
  const holds: string[] = [];
  const fails: string[] = [];
  for (const capture of names()) (test(valueOf(capture)) ? holds : fails).push(capture.id);
  const isOneOf = (ids: readonly string[]): FlowFilter =>
    ids.length === 0
      ? { kind: 'not', filter: { kind: 'and', filters: [] } }
      : { kind: 'or', filters: ids.map((value) => ({ kind: 'equals', key: 'CaptureID', value })) };
  // Flows of a capture that is no more have an id and no name.
  if (key !== 'Capture.Name' && condition.kind === 'text')
    return isOneOf([...new Set([...holds, condition.value])]);
  const isNegative = test(key === 'Capture.Name' ? undefined : ['']);
  return isNegative ? { kind: 'not', filter: isOneOf(fails) } : isOneOf(holds);
}
