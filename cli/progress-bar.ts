/** How much of a file is sent, as one line of a terminal that is written over. Elsewhere nothing is shown. */
const EVERY_MS = 100;
const CELLS = 24;

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #name: string;
  readonly #total: number;
  #done = 0;
  #shownAt = -Infinity;
  #isShown = false;

  /** `total` 0: unknown. */
  constructor(terminal: Terminal, name: string, total: number) {
    this.#terminal = terminal;
    this.#name = name;
    this.#total = total;
  }

  add(bytes: number): void {
    this.#done += bytes;
    const now = performance.now();
    if (this.#terminal.isTTY !== true || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    const share = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 0;
    const filled = Math.round(share * CELLS);
    const bar = this.#total > 0 ? `[${'#'.repeat(filled)}${'.'.repeat(CELLS - filled)}] ` : '';
    const line = `${bar}${(this.#done / 1_048_576).toFixed(1)} MiB  ${this.#name}`;
    this.#terminal.write(`\r${line.slice(0, (this.#terminal.columns ?? 80) - 1)}\u001b[K`);
  }

  /** Leaves an empty line to whoever writes next. */
  end(): void {
    if (this.#isShown) this.#terminal.write('\r\u001b[K');
    this.#isShown = false;
  }
}
