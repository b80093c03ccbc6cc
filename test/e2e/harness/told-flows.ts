/** A probe's way to the analyzer with flows of one packet, each told once: whatever happens to the analyzer, in the end it has as many as were told. */
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../../core/wire/batch-encoder.ts';
import { Backoff } from '../../../probe/link/backoff.ts';
import { FlowLink } from '../../../probe/link/flow-link.ts';
import { KeptOutbox } from '../../../probe/link/kept-outbox.ts';
import { createLog } from '../../../probe/log.ts';
import { createFlow, createFlowMetric } from '../../../proto/gen/flow.ts';
import type { Analyzer } from './edgedive.ts';

export class ToldFlows {
  readonly link: FlowLink;
  readonly #perBody: number;
  readonly #kept: KeptOutbox;
  #told = 0;

  /** With a folder its outbox is on disk, and what an earlier one left there goes first. */
  constructor(edgedive: Analyzer, hostId: string, perBody: number, folder?: string) {
    this.#perBody = perBody;
    const analyzer = edgedive.url.replace('http', 'ws');
    const identity = { hostId, incarnation: crypto.randomUUID(), version: '1', token: undefined };
    const log = createLog('flows', () => {});
    this.#kept = new KeptOutbox({ folder, analyzer, identity, log });
    this.link = new FlowLink({
      analyzer,
      identity,
      log,
      outbox: this.#kept.outbox,
      backoff: new Backoff(Math.random, 0.1),
      flush: () => Promise.resolve(),
      onPace: () => {},
    });
    this.#kept.start(this.link);
  }

  /** As a probe ends. */
  async end(): Promise<void> {
    await this.link.stop('the test is over', 0);
    this.#kept.end();
  }

  get told(): number {
    return this.#told;
  }

  tell(): void {
    this.link.add(this.#body());
    this.#told += this.#perBody;
  }

  #body(): BatchBody {
    const now = Date.now();
    const metric = createFlowMetric({ ABPackets: 1, ABBytes: 100, Start: now, Last: now });
    const flows = Array.from({ length: this.#perBody }, (_, index) =>
      createFlow({
        UUID: (this.#told + index).toString(16).padStart(16, '0'),
        LayersPath: 'Ethernet/IPv4/UDP',
        CaptureID: 'c',
        NodeTID: 't',
        Start: now,
        Last: now,
        Metric: metric,
        LastUpdateMetric: metric,
      }),
    );
    const bodies: BatchBody[] = [];
    const encoder = new BatchEncoder((body) => bodies.push(body));
    encoder.add(flows, [], NOTHING_LEFT_OUT);
    encoder.finish();
    return bodies[0]!;
  }
}

interface Status {
  Edgedive: {
    FlowShards: { history: { flows: number }; counters: Readonly<Record<string, number>> }[];
  };
}

/** What the analyzer has in its log: flow messages, and batches that never came. */
export async function loggedOf(
  edgedive: Analyzer,
): Promise<{ readonly logged: number; readonly missing: number }> {
  const status = (await (await edgedive.get('/api/status')).json()) as Status;
  const [shard] = status.Edgedive.FlowShards;
  return { logged: shard!.history.flows, missing: shard!.counters['batchesMissing']! };
}

/** The packets that Gremlin adds up besides. */
export async function hasOf(
  edgedive: Analyzer,
): Promise<{ readonly logged: number; readonly packets: number; readonly missing: number }> {
  const past = `G.Context('${new Date(Date.now() + 1_000).toUTCString()}', 3600).Flows()`;
  const sum = await edgedive.query<{ ABPackets: number }>(`${past}.Metrics().Sum()`);
  return { ...(await loggedOf(edgedive)), packets: sum.ABPackets };
}
