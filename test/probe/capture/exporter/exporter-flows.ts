/** An ExporterSource whose flows are kept, and their sums, for tests. */
import { ExporterSource } from '../../../../probe/capture/exporter/exporter-source.ts';
import { createLog } from '../../../../probe/log.ts';
import { decodeFlowBatch } from '../../../../proto/gen/probe.ts';
import type { Flow, FlowMetric } from '../../../../proto/gen/flow.ts';

type Counts = Pick<FlowMetric, 'ABPackets' | 'ABBytes' | 'BAPackets' | 'BABytes'>;

export interface CollectingSource {
  readonly source: ExporterSource;
  /** Flow messages, in order. */
  readonly flows: readonly Flow[];
  readonly lines: readonly string[];
  /** Growth told by all messages about the flows that the condition holds for. */
  sum(condition: (flow: Flow) => boolean): Counts;
  /** Resolves when the sum is this; rejects after the time, telling what it is. */
  reaches(condition: (flow: Flow) => boolean, wanted: Counts, timeoutMs?: number): Promise<void>;
}

export function createCollectingSource(): CollectingSource {
  const flows: Flow[] = [];
  const lines: string[] = [];
  const source = new ExporterSource({
    sink: {
      add: ({ bytes }) => void flows.push(...decodeFlowBatch(bytes).flows),
      countDropped: (count) => {
        throw new Error(`${count} flow messages dropped`);
      },
    },
    pace: { hold: false, updateMs: 0, detail: 0, sampling: 1 },
    log: createLog('capture', (line) => lines.push(line)),
  });
  const sum = (condition: (flow: Flow) => boolean): Counts => {
    const total = { ABPackets: 0, ABBytes: 0, BAPackets: 0, BABytes: 0 };
    for (const { LastUpdateMetric: growth } of flows.filter(condition)) {
      total.ABPackets += growth!.ABPackets;
      total.ABBytes += growth!.ABBytes;
      total.BAPackets += growth!.BAPackets;
      total.BABytes += growth!.BABytes;
    }
    return total;
  };
  return {
    source,
    flows,
    lines,
    sum,
    reaches: async (condition, wanted, timeoutMs = 10_000) => {
      const giveUpAt = Date.now() + timeoutMs;
      for (;;) {
        await source.flush();
        const now = sum(condition);
        if (JSON.stringify(now) === JSON.stringify(wanted)) return;
        if (Date.now() > giveUpAt) {
          const seen = flows.map((flow) =>
            JSON.stringify([flow.LayersPath, flow.Network, flow.Transport, flow.Metric]),
          );
          throw new Error(
            `${JSON.stringify(now)} instead of ${JSON.stringify(wanted)}; seen ${seen.join('\n')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

/** The same in both directions. */
export const bothWays = (packets: number, bytesEach: number): Counts => ({
  ABPackets: packets,
  ABBytes: packets * bytesEach,
  BAPackets: packets,
  BABytes: packets * bytesEach,
});

/** Conditions for the lab's traffic. Echo requests carry 56 bytes of data behind 8 of ICMP. */
export const isPing = (flow: Flow) => flow.LayersPath.endsWith('IPv4/ICMPv4') && flow.ICMP?.Type === 2;
export const isPing6 = (flow: Flow) => flow.LayersPath.endsWith('IPv6/ICMPv6') && flow.ICMP?.Type === 2;
export const isTalk = (flow: Flow) => flow.LayersPath.endsWith('/UDP') && flow.Transport?.A === 40_000;
