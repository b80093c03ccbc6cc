/** How far a file is read, as one line of a terminal that is written over. Elsewhere nothing is shown. */
const EVERY_MS = 100;
const BAR_CELLS = 24;

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  readonly #stream: ProgressStream;
  readonly #name: string;
  readonly #startedAt = performance.now();
  #shownAt = -Infinity;

  constructor(stream: ProgressStream, name: string) {
    this.#stream = stream;
    this.#name = name;
  }

  /** `size` 0: unknown. */
  show(read: number, size: number, packets: number): void {
    const now = performance.now();
    if (this.#stream.isTTY !== true || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const perSecond = (packets / Math.max(0.001, (now - this.#startedAt) / 1000)).toFixed(0);
    const share = size > 0 ? Math.min(1, read / size) : 0;
    const filled = Math.round(share * BAR_CELLS);
    const bar = size > 0 ? `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}] ` : '';
    const percent = size > 0 ? `${Math.floor(share * 100)} % ` : '';
    const line = `${bar}${percent}${packets} packets, ${perSecond}/s  ${this.#name}`;
    this.#stream.write(`\r${line.slice(0, (this.#stream.columns ?? 80) - 1)}\u001b[K`);
  }

  /** Leaves an empty line to whoever writes next. */
  end(): void {
    if (this.#stream.isTTY === true && this.#shownAt > 0) this.#stream.write('\r\u001b[K');
  }
}
