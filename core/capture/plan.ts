/**
 * Which host is to run which captures on which nodes, from what each capture's query found (topology notes,
 * section 21). The answer is complete: a probe starts what is missing from it and stops the rest.
 */
import type { GraphNode, Json } from '../graph/element.ts';
import { isJsonObject } from '../graph/metadata.ts';
import { allowsSeveral } from './capture-types.ts';
import type { Capture } from './capture.ts';
import { capturableTypes } from './node-types.ts';

export interface PlannedCapture {
  readonly capture: Capture;
  /** Sorted, so that the same plan always reads the same. */
  readonly nodeIds: readonly string[];
}

/** Host id → its captures, in the order of the list given. */
export type CapturePlan = ReadonlyMap<string, readonly PlannedCapture[]>;

/**
 * `found` holds for each capture the nodes that its query selects. Taken are those of a host and of a type that can
 * be captured on, plus the nodes that already carry the capture: what no longer matches keeps its capture
 * until the node or the capture goes, so that a query like `HasNot('Captures')` does not start and stop for ever.
 * Of two captures of a type that a node allows once, the earlier one in the list gets the node.
 */
export function planCaptures(
  captures: readonly Capture[],
  found: ReadonlyMap<string, readonly GraphNode[]>,
  carriers: ReadonlyMap<string, readonly GraphNode[]>,
): CapturePlan {
  const plan = new Map<string, PlannedCapture[]>();
  const taken = new Set<string>();
  for (const capture of captures) {
    const type = capture.Type ?? '';
    const byHost = new Map<string, Set<string>>();
    for (const node of [...(carriers.get(capture.UUID) ?? []), ...(found.get(capture.UUID) ?? [])]) {
      if (!canCarry(node)) continue;
      const claim = `${type} ${node.id}`;
      const ids = byHost.get(node.host) ?? new Set<string>();
      if (!allowsSeveral(type) && taken.has(claim) && !ids.has(node.id)) continue;
      taken.add(claim);
      byHost.set(node.host, ids.add(node.id));
    }
    for (const [host, ids] of byHost) {
      const orders = plan.get(host) ?? [];
      orders.push({ capture, nodeIds: [...ids].sort() });
      plan.set(host, orders);
    }
  }
  return plan;
}

function canCarry(node: GraphNode): boolean {
  const type = node.metadata['Type'];
  return node.host !== '' && typeof type === 'string' && capturableTypes.has(type);
}

/** The captures that a node carries by its own word. */
export function capturesOn(node: GraphNode): { readonly id: string; readonly active: boolean }[] {
  const list: Json | undefined = node.metadata['Captures'];
  if (!Array.isArray(list)) return [];
  const states: { id: string; active: boolean }[] = [];
  for (const entry of list as readonly Json[]) {
    if (!isJsonObject(entry) || typeof entry['ID'] !== 'string') continue;
    states.push({ id: entry['ID'], active: entry['State'] === 'active' });
  }
  return states;
}
