/** A flow table for tests: packets in, flows out, with few words. */
import { FlowTable } from '../../../core/flow/table.ts';
import type { FlowTableOptions } from '../../../core/flow/table.ts';
import type { Flow } from '../../../proto/gen/flow.ts';

export const START_MS = 1_700_000_000_000;

export function tableOf(options: Partial<FlowTableOptions> = {}): FlowTable {
  return new FlowTable({ nodeTid: '', captureId: '', ...options });
}

/** Feeds a whole packet at ms after START_MS. */
export function feed(table: FlowTable, bytes: Uint8Array, afterMs = 0, wireLength = bytes.length): void {
  table.feed(bytes, 0, bytes.length, wireLength, START_MS + afterMs, 0);
}

/** The only flow of a table. */
export function onlyFlow(table: FlowTable): Flow {
  const flows = table.snapshot();
  if (flows.length !== 1)
    throw new Error(`${flows.length} flows: ${flows.map((flow) => flow.LayersPath).join(' ')}`);
  return flows[0]!;
}

export function counts(flow: Flow): number[] {
  const metric = flow.Metric!;
  return [metric.ABPackets, metric.ABBytes, metric.BAPackets, metric.BABytes];
}
