/**
 * Keeps one program running: when it dies it is started again, at once the first time, later and later while it keeps
 * dying. What it prints goes to stderr line by line, so that stdout stays ours.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { spawnTethered, stopTethered, type TetherOptions } from '../setup/tether.mjs';

/** Waits before a start again; the last one repeats. A program that lived for `steadyMs` begins anew. */
const BACKOFF_MS = [100, 500, 1_000, 2_000, 5_000];
const STEADY_MS = 10_000;

interface SupervisedOptions extends TetherOptions {
  readonly name: string;
  /** In front of each of its lines. */
  readonly prefix: string;
  readonly stopGraceMs: number;
  readonly onLine?: (line: string) => void;
  /** Told of every end that we did not ask for; false forbids another start. */
  readonly onDeath?: (deaths: number) => boolean;
}

export class Supervised {
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #startedAt = 0;
  /** Ends in a row, none after a steady time. */
  #deaths = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#start();
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Ends it for good; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child !== undefined) await stopTethered(this.#child, this.#options.stopGraceMs);
  }

  #start(): void {
    const child = spawnTethered(this.#options);
    this.#child = child;
    this.#startedAt = Date.now();
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        process.stderr.write(`${this.#options.prefix}${line}\n`);
        this.#options.onLine?.(line);
      });
    }
    child.once('error', (error) => this.#ended(error.message));
    child.once('exit', (code, signal) => this.#ended(signal ?? `status ${code}`));
  }

  #ended(how: string): void {
    this.#child = undefined;
    if (this.#stopping) return;
    if (Date.now() - this.#startedAt > STEADY_MS) this.#deaths = 0;
    const waitMs = BACKOFF_MS[Math.min(this.#deaths, BACKOFF_MS.length - 1)]!;
    this.#deaths++;
    const again = this.#options.onDeath?.(this.#deaths) ?? true;
    const next = again ? `, starting it again in ${waitMs} ms` : '';
    process.stderr.write(`edgedive: the ${this.#options.name} ended (${how})${next}\n`);
    if (again) this.#timer = setTimeout(() => this.#start(), waitMs);
  }
}
