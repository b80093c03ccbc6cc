/**
 * `--pcap FILE…`: capture files instead of interfaces. The same engine and the same link to the analyzer as live
 * captures, but nothing is in a hurry: reading waits when the analyzer does, so no flow is dropped. The flows belong
 * to no node and no capture, and stay at the analyzer when this process has ended.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { FileFlows } from '../../core/capture/file-flows.ts';
import { messageOf } from '../../core/errors.ts';
import { FILES_HOST } from '../../core/ids.ts';
import { limits } from '../../core/limits.ts';
import { BatchEncoder, type BatchBody } from '../../core/wire/batch-encoder.ts';
import type { Flow } from '../../proto/gen/flow.ts';
import type { FlowSink } from '../capture/capture-source.ts';
import type { ProbeConfig } from '../config.ts';
import { IpfixExporter } from '../export/ipfix-exporter.ts';
import { FlowLink, type Pace } from '../link/flow-link.ts';
import type { Log } from '../log.ts';
import { probeVersion } from '../version.ts';
import { openFile, UnpackError, type FileReader } from './file-reader.ts';
import { Progress } from './progress.ts';

/** An analyzer that takes nothing for this long is given up. */
const PATIENCE_MS = 15_000;
/** What the last batches may take to become durable. */
const DRAIN_MS_MAX = 60_000;
const FLOWS_AT_ONCE = 1_000;
const HOST_ID_CHARS_MAX = 255;

/** The analyzer cannot be reached or takes nothing: no file can be read. */
class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}

/** Reads all files; false when one of them could not be read. Throws when the flows cannot be delivered. */
export async function readFiles(config: ProbeConfig, log: Log, patienceMs = PATIENCE_MS): Promise<boolean> {
  const delivery = new Delivery(config, log, patienceMs);
  try {
    let isGood = true;
    for (const path of config.files) isGood = (await readFile(path, delivery, log)) && isGood;
    await delivery.finish();
    return isGood;
  } finally {
    await delivery.close();
  }
}

async function readFile(path: string, delivery: Delivery, log: Log): Promise<boolean> {
  const progress = new Progress(process.stderr, basename(path));
  const startedAt = performance.now();
  try {
    const file = new FileFlows({ hashSeed: randomInt(2 ** 31) }, limits.pcapFileFlowsMax);
    await feed(file, await openFile(path), delivery, progress);
    await delivery.send(file.end());
    progress.end();
    const { packets, packetsIgnored, flows, bytes, truncated, note } = file.counts;
    if (truncated) log.warn(`${path}: ${note}; what came before it is read`);
    const ignored = packetsIgnored > 0 ? ` (${packetsIgnored} belong to no flow)` : '';
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2);
    process.stdout.write(
      `${path}: ${packets} packets${ignored}, ${flows} flows, ${bytes} bytes in ${seconds} s\n`,
    );
    return true;
  } catch (error) {
    progress.end();
    if (error instanceof DeliveryError) throw error;
    log.error(`${path}: ${messageOf(error)}`);
    return false;
  }
}

async function feed(
  file: FileFlows,
  reader: FileReader,
  delivery: Delivery,
  progress: Progress,
): Promise<void> {
  try {
    for await (const piece of reader.pieces()) {
      const leaving = file.push(piece);
      if (leaving.length > 0) await delivery.send(leaving);
      if (file.isBroken) return;
      progress.show(reader.read, reader.size, file.packets);
    }
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    file.cut(error.message);
  }
}

/** Flows on their way to the analyzer; adding waits while the link asks to hold. */
class Delivery {
  readonly #link: FlowLink;
  readonly #ipfix: IpfixExporter | undefined;
  readonly #sink: FlowSink;
  readonly #bodies: BatchBody[] = [];
  readonly #encoder = new BatchEncoder((body) => this.#bodies.push(body));
  readonly #patienceMs: number;
  #wake: (() => void) | undefined;

  constructor(config: ProbeConfig, log: Log, patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.#link = new FlowLink({
      analyzer: config.analyzer.origin,
      identity: {
        // Two that read at the same time are two connections.
        hostId: `${FILES_HOST}${process.pid}@${config.hostId}`.slice(0, HOST_ID_CHARS_MAX),
        incarnation: randomUUID(),
        version: probeVersion(),
        token: config.token,
        transport: config.transport,
      },
      log,
      // Nothing waits in a table for a query: flows leave when their file is read.
      flush: () => Promise.resolve(),
      onPace: (pace: Pace) => {
        if (!pace.hold) this.#wake?.();
      },
    });
    this.#ipfix = config.ipfix && new IpfixExporter(config.ipfix, log);
    this.#sink = this.#ipfix?.beside(this.#link) ?? this.#link;
    this.#link.start();
  }

  /** Takes the flows one by one, so that not all need be there at once. Throws DeliveryError. */
  async send(flows: Iterable<Flow>): Promise<void> {
    let some: Flow[] = [];
    for (const flow of flows) {
      some.push(flow);
      if (some.length < FLOWS_AT_ONCE) continue;
      await this.#add(some);
      some = [];
    }
    await this.#add(some);
  }

  async #add(flows: readonly Flow[]): Promise<void> {
    this.#encoder.add(flows, [], this.#link.pace);
    this.#encoder.finish();
    for (const body of this.#bodies.splice(0)) {
      await this.#room();
      this.#sink.add(body);
    }
  }

  /** Resolves when the link may take more: connected, and little waits in it. */
  async #room(): Promise<void> {
    while (this.#link.pace.hold) {
      const { acknowledged } = this.#link.status;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#patienceMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      const { connected, lastError, acknowledged: now } = this.#link.status;
      if (!this.#link.pace.hold || now > acknowledged) continue;
      throw new DeliveryError(
        connected
          ? `the analyzer has taken nothing for ${this.#patienceMs / 1_000} s`
          : `no connection to the analyzer: ${lastError || 'no answer'}`,
      );
    }
  }

  /** Resolves when everything is durable at the analyzer. Throws DeliveryError. */
  async finish(): Promise<void> {
    await this.#room();
    await this.#link.stop('files read', DRAIN_MS_MAX);
    const { queuedBytes, flowsDropped } = this.#link.status;
    if (queuedBytes > 0 || flowsDropped > 0)
      throw new DeliveryError(
        `${queuedBytes} bytes of flows could not be delivered, ${flowsDropped} flows were dropped`,
      );
  }

  async close(): Promise<void> {
    await this.#ipfix?.stop();
    await this.#link.stop('files given up', 0);
  }
}
