/**
 * What the probe tells about itself, for the analyzer's `GET /api/status`: gathered every few seconds, sent when it
 * differs from what was sent last, and after each reconnection.
 */
const REPORT_MS = 5_000;

export interface StatusReporterOptions {
  /** Everything to show; counters included. */
  readonly gather: () => Readonly<Record<string, unknown>>;
  /** False when it could not be sent now. */
  readonly send: (json: string) => boolean;
}

export class StatusReporter {
  readonly #options: StatusReporterOptions;
  #told = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StatusReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.report(), REPORT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Sends if there is news. */
  report(): void {
    const json = JSON.stringify(this.#options.gather());
    if (json !== this.#told && this.#options.send(json)) this.#told = json;
  }

  /** A new connection knows nothing. */
  reconnected(): void {
    this.#told = '';
    this.report();
  }
}
