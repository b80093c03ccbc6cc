/**
 * Tells others what the shard wrote (core/export/flow-bodies.ts): straight from its log, so that nothing is held in memory, an analyzer that was away goes on
 * where it was, and a receiver that was away gets what it missed, as long as the log has it. At least once: what was not answered for is told again.
 */
import {
  KAFKA_TYPE,
  kafkaRecords,
  kafkaTaken,
  otlpLogs,
  otlpTaken,
  type ToldFlow,
} from '../../core/export/flow-bodies.ts';
import { readExportSettings, type ExportTarget } from '../../core/export/export-settings.ts';
import { messageOf } from '../../core/errors.ts';
import { loggedBatches } from '../../core/flow/logged-flows.ts';
import { limits, timings } from '../../core/limits.ts';
import { version } from '../../package.json';
import { inTime } from '../in-time.ts';
import { log } from '../log.ts';
import type { ShardStore } from '../store/shard-store.ts';

export type ExportCounter =
  | 'exportedFlows'
  | 'exportRequests'
  | 'exportFailures'
  | 'exportFlowsRefused'
  | 'exportRowsLost';
export const exportCounters: readonly ExportCounter[] = [
  'exportedFlows',
  'exportRequests',
  'exportFailures',
  'exportFlowsRefused',
  'exportRowsLost',
];

export interface ExportStatus {
  /** `otlp` or `kafka`. */
  readonly to: string;
  /** Rows of the log that are still to be told. */
  readonly waitingRows: number;
  /** Why the last attempt failed; "" when it did not. */
  readonly error: string;
}

interface Parts {
  readonly env: Env;
  readonly store: ShardStore;
  readonly count: (name: ExportCounter, by?: number) => void;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Line {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (flows: readonly ToldFlow[], nowMs: number) => string;
  readonly taken: (answer: string, sent: number) => number;
  /** The last row that was told. */
  row: number;
  failures: number;
  error: string;
  isRunning: boolean;
}

/** Answers after which it is worth telling again (OTLP: 429, 502, 503, 504); others refuse what was told. */
const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);

export class FlowExport {
  readonly #parts: Parts;
  readonly #lines: readonly Line[];

  constructor(parts: Parts) {
    this.#parts = parts;
    const { env, store } = parts;
    const { otlp, kafka, faults } = readExportSettings(env);
    for (const fault of faults) log('error', 'export', `${fault}; nothing is told there`);
    const resource = { fabric: env.EDGEDIVE_FABRIC, hostId: env.EDGEDIVE_HOST_ID, version };
    const line = (
      name: string,
      { url, headers }: ExportTarget,
      type: string,
      how: Pick<Line, 'body' | 'taken'>,
    ): Line => ({
      name,
      url,
      headers: { 'Content-Type': type, 'User-Agent': `edgedive/${version}`, ...headers },
      ...how,
      // Whoever is told the first time is told what comes from now on.
      row: store.exportedRow(name) ?? store.lastRow,
      failures: 0,
      error: '',
      isRunning: false,
    });
    this.#lines = [
      ...(otlp === undefined
        ? []
        : [
            line('otlp', { ...otlp, url: `${otlp.url}/v1/logs` }, 'application/json', {
              body: (flows, nowMs) => otlpLogs(flows, resource, nowMs),
              taken: otlpTaken,
            }),
          ]),
      ...(kafka === undefined
        ? []
        : [line('kafka', kafka, KAFKA_TYPE, { body: (flows) => kafkaRecords(flows), taken: kafkaTaken })]),
    ];
    for (const { name, row } of this.#lines)
      if (store.exportedRow(name) === undefined) store.setExportedRow(name, row);
  }

  /** There is something new, or may be. */
  wake(): void {
    for (const line of this.#lines) if (!line.isRunning) this.#start(line, timings.exportEveryMs);
  }

  #start(line: Line, waitMs: number): void {
    line.isRunning = true;
    this.#parts.waitUntil(this.#run(line, waitMs));
  }

  /** Until all is told; what is written meanwhile is told too. */
  async #run(line: Line, waitMs: number): Promise<void> {
    try {
      for (let ms: number | undefined = waitMs; ms !== undefined; ms = await this.#tell(line))
        await scheduler.wait(ms);
    } finally {
      line.isRunning = false;
    }
  }

  /** Tells what there is; how long to wait before the next attempt, undefined when all is told. */
  async #tell(line: Line): Promise<number | undefined> {
    const { store, count } = this.#parts;
    for (;;) {
      const rows = store.rowsBehind(line.row, limits.exportBytesMax);
      const [first] = rows;
      if (first === undefined) return undefined;
      const gone = store.firstRow - 1 - line.row;
      if (gone > 0) {
        count('exportRowsLost', gone);
        line.row += gone;
      }
      const flows = rows.flatMap(({ blob }) => flowsOf(blob));
      for (let from = 0; from < flows.length; from += limits.exportFlowsMax) {
        const againMs = await this.#post(line, flows.slice(from, from + limits.exportFlowsMax));
        if (againMs !== undefined) return againMs;
      }
      line.row = rows.at(-1)!.row;
      store.setExportedRow(line.name, line.row);
    }
  }

  /** undefined when it is done with, told or refused for good. */
  async #post(line: Line, flows: readonly ToldFlow[]): Promise<number | undefined> {
    const { env, count } = this.#parts;
    count('exportRequests');
    try {
      const { answer, said } = await inTime(timings.exportMs, async (signal) => {
        const body = line.body(flows, Date.now());
        const request = new Request(line.url, {
          method: 'POST',
          redirect: 'manual',
          headers: line.headers,
          body,
          signal,
        });
        const told = await (env.EDGEDIVE_EXPORTS === undefined
          ? fetch(request)
          : env.EDGEDIVE_EXPORTS.fetch(request));
        return { answer: told, said: (await told.text()).slice(0, SAID_CHARS_MAX) };
      });
      if (AGAIN.has(answer.status)) return this.#failed(line, `answered ${answer.status}`, answer.headers);
      const taken = answer.ok ? line.taken(said, flows.length) : 0;
      count('exportedFlows', taken);
      count('exportFlowsRefused', flows.length - taken);
      const error = answer.ok ? '' : `answered ${answer.status}: ${said.slice(0, REASON_CHARS_MAX)}`;
      if (error !== '' && line.error === '')
        log('warn', 'export', 'refused', { to: line.name, status: answer.status });
      line.error = error;
      line.failures = 0;
      return undefined;
    } catch (error) {
      return this.#failed(line, messageOf(error));
    }
  }

  #failed(line: Line, reason: string, headers?: Headers): number {
    this.#parts.count('exportFailures');
    if (line.error === '') log('warn', 'export', 'not told, it is tried again', { to: line.name, reason });
    line.error = reason;
    const seconds = Number(headers?.get('Retry-After') ?? Number.NaN);
    const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : timings.exportEveryMs * 2 ** line.failures;
    line.failures = Math.min(line.failures + 1, FAILURES_COUNTED);
    return Math.min(Math.max(waitMs, timings.exportEveryMs), timings.exportAgainMsMax);
  }

  status(): ExportStatus[] {
    const { lastRow } = this.#parts.store;
    return this.#lines.map(({ name, row, error }) => ({
      to: name,
      waitingRows: Math.max(0, lastRow - row),
      error,
    }));
  }
}

const SAID_CHARS_MAX = 1_000_000;
const REASON_CHARS_MAX = 200;
const FAILURES_COUNTED = 16;

/** A row that cannot be read tells nothing; the log's other readers say so. */
function flowsOf(blob: Uint8Array): ToldFlow[] {
  try {
    return loggedBatches(blob).flatMap(({ host, flows }) => flows.map((flow) => ({ host, flow })));
  } catch {
    return [];
  }
}
