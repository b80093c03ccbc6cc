/** What the status says of each alert and rule: why it does not do what it says, when it fired last, how many nodes it reaches. */
import type { AnalyzerStatus } from '../../../core/api/operations.ts';

export interface Standing {
  /** Id → in words. */
  readonly faults: ReadonlyMap<string, string>;
  /** Rule's id → which nodes its queries select, in words. */
  readonly reach: ReadonlyMap<string, string>;
  /** Alert's id → ms since 1970. */
  readonly firedMs: ReadonlyMap<string, number>;
}

/** What an object that does not answer would have said is left out. */
export function standingOf({ Edgedive: status }: AnalyzerStatus): Standing {
  const [topology, registry] = [membersOf(status['Topology']), membersOf(status['Registry'])];
  const webhooks = membersOf(membersOf(registry['webhooks'])['faults']);
  const faults = [
    ...Object.entries(webhooks).map(([id, text]) => [id, `its action is not told: ${String(text)}`] as const),
    ...[topology['alertFaults'], topology['ruleFaults']].flatMap((by) =>
      Object.entries(membersOf(by)).map(([id, text]) => [id, String(text)] as const),
    ),
  ];
  const fired = Object.entries(membersOf(topology['alertFiredMs'])).map(
    ([id, ms]) => [id, Number(ms)] as const,
  );
  const reach = Object.entries(membersOf(topology['ruleReach'])).map(
    ([id, sides]) => [id, reachText(membersOf(sides))] as const,
  );
  return { faults: new Map(faults), firedMs: new Map(fired), reach: new Map(reach) };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function reachText({ Query, Src, Dst }: Readonly<Record<string, unknown>>): string {
  return Query === undefined ? `from ${nodesText(Src)} to ${nodesText(Dst)}` : `on ${nodesText(Query)}`;
}

function nodesText(count: unknown): string {
  return count === 1 ? '1 node' : `${Number(count ?? 0)} nodes`;
}
