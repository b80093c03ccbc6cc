/**
 * One listener for an exporter's datagrams with the flows they become, as the capture runner wants it: capture types
 * `sflow` (packets sampled by switches, through the packet decoder) and `netflow` (whole flow records).
 */
import { messageOf } from '../../../core/errors.ts';
import type { TableOutput } from '../../../core/flow/table.ts';
import { limits } from '../../../core/limits.ts';
import { createStats, type Stats } from '../../../proto/gen/flow.ts';
import { LinuxError } from '../../linux/linux-error.ts';
import type { CaptureFlows, RunningCapture } from '../capture-runner.ts';
import { CaptureError, CaptureUnavailable, type CaptureSpec, type CaptureStats } from '../capture-source.ts';
import { countStatus, type ExporterCounters } from './exporter-counters.ts';
import type { ExporterFlows, Table } from './exporter-flows.ts';
import { RecordFlows } from './record-flows.ts';
import { SampledFlows } from './sampled-flows.ts';
import { listenUdp, type ListeningSocket } from './udp-socket.ts';

/** Of the first datagram that made our code throw, for whoever mends it. */
const FAULT_BYTES_SHOWN = 256;
/** More than `exporterBufferBytes` hold: what the kernel accounts for the smallest is 768 bytes. */
const DRAIN_DATAGRAMS_MAX = Math.ceil((2 * limits.exporterBufferBytes) / 768);

export class ExporterCapture implements RunningCapture {
  readonly flows: CaptureFlows;
  readonly #spec: CaptureSpec;
  readonly #counters: ExporterCounters;
  readonly #made: ExporterFlows;
  readonly #listening: ListeningSocket;
  #error: string | undefined;
  #faults = 0;
  #told = { received: 0, dropped: 0, evicted: 0 };

  /** Listens when it returns. Throws CaptureError. `counters` are shared by all captures of a kind. */
  constructor(spec: CaptureSpec, counters: ExporterCounters) {
    this.#spec = spec;
    this.#counters = counters;
    this.#made =
      spec.listen?.exporter === 'sflow' ? new SampledFlows(spec, counters) : new RecordFlows(spec, counters);
    this.#listening = listen(spec);
    const { socket } = this.#listening;
    socket.on('message', (datagram, { address }) => this.#take(datagram, address));
    socket.on('error', (error) => (this.#error = error.message));
    this.flows = {
      table: joined(this.#made.tables),
      takeFlowStats: (stats) => this.#takeFlowStats(stats),
    };
  }

  get bufferBytes(): number {
    return this.#listening.bufferBytes;
  }

  /** Dropped are datagrams, which may have held several packets or records each. */
  stats(): CaptureStats {
    let flows = 0;
    for (const table of this.#made.tables) flows += table.size;
    const sflow = this.#made.metadata?.value(Date.now());
    return {
      packetsReceived: this.#made.received,
      packetsDropped: this.#listening.drops() + this.#faults + this.#made.faults,
      flows,
      ...(sflow && { metadata: { SFlow: sflow } }),
    };
  }

  check(): string | undefined {
    return this.#error;
  }

  /** What came before is taken; a thread under load has not seen all of it yet. */
  close(): void {
    this.#listening.drain((datagram, address) => this.#take(datagram, address), DRAIN_DATAGRAMS_MAX);
    this.#listening.close();
  }

  /** A datagram that our own code cannot digest must not end every capture of the host: it counts as dropped. */
  #take(datagram: Buffer, exporter: string): void {
    this.#counters.datagrams++;
    try {
      countStatus(this.#counters, this.#made.take(datagram, exporter));
    } catch (error) {
      this.#counters.faults++;
      if (this.#faults++ > 0) return;
      const stack = error instanceof Error ? error.stack : String(error);
      const hex = datagram.toString('hex', 0, FAULT_BYTES_SHOWN);
      process.stderr.write(`fault in capture ${this.#spec.captureId} at datagram ${hex}: ${stack}\n`);
    }
  }

  #takeFlowStats({ packetsReceived, packetsDropped, flows }: CaptureStats): Stats {
    const now = { received: packetsReceived, dropped: packetsDropped, evicted: this.#made.evicted };
    const before = this.#told;
    this.#told = now;
    return createStats({
      CaptureID: this.#spec.captureId,
      FlowCount: flows,
      FlowDropped: now.evicted - before.evicted,
      PacketsDropped: now.dropped - before.dropped,
      PacketsReceived: now.received - before.received,
    });
  }
}

function listen({ listen: to, netnsPath }: CaptureSpec): ListeningSocket {
  if (to === undefined) throw new CaptureError('no port to listen on');
  try {
    return listenUdp(netnsPath, to.address, to.port, limits.exporterBufferBytes);
  } catch (error) {
    const text = `listening on ${to.address || '0.0.0.0'}:${to.port} failed: ${messageOf(error)}`;
    if (error instanceof LinuxError && error.code === 'KOFFI')
      throw new CaptureUnavailable(text, { cause: error });
    throw new CaptureError(text, { cause: error });
  }
}

/** Several tables as one. The pace is set before each tick, so that a table that came later gets it too. */
function joined(tables: readonly Table[]): CaptureFlows['table'] {
  const ask = (question: (table: Table) => TableOutput): TableOutput => {
    const outputs = tables.map(question);
    return { flows: outputs.flatMap(({ flows }) => flows), ended: outputs.flatMap(({ ended }) => ended) };
  };
  return {
    setUpdateInterval: (updateMs) => tables.forEach((table) => table.setUpdateInterval(updateMs)),
    setDetail: (detail) => tables.forEach((table) => table.setDetail?.(detail)),
    tick: (nowMs) => ask((table) => table.tick(nowMs)),
    flush: (nowMs) => ask((table) => table.flush(nowMs)),
    stop: (nowMs) => ask((table) => table.stop(nowMs)),
  };
}
