/**
 * How many of a dear kind of request one isolate serves at the same time, when each may fill a good part of its memory. Others
 * wait with their bodies unread. A request can end without a word (its client is gone), so a turn that is not renewed is lost.
 */
import { ApiError } from './errors.ts';

export interface Turn {
  /** When it last did something, ms since 1970. */
  renewedMs: number;
}

export interface TurnsOptions {
  readonly most: number;
  readonly waitingMost: number;
  /** Why one is refused with 503 when more than that wait. */
  readonly refusal: string;
  /** A turn that was not renewed for so long is lost. */
  readonly lostMs: number;
}

/** Requests must not wake each other, so each looks for itself. */
const LOOK_EVERY_MS = 20;

export class Turns {
  readonly #options: TurnsOptions;
  readonly #turns = new Set<Turn>();
  readonly #waiting = new Set<Turn>();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Runs the work when it is its turn; it renews the turn while it goes on. Throws ApiError 503 when too many wait. */
  async run<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = this.#take() ?? (await this.#wait());
    try {
      return await work(turn);
    } finally {
      this.#turns.delete(turn);
    }
  }

  #take(): Turn | undefined {
    this.#forget(this.#turns);
    if (this.#turns.size >= this.#options.most) return undefined;
    const turn = { renewedMs: Date.now() };
    this.#turns.add(turn);
    return turn;
  }

  async #wait(): Promise<Turn> {
    this.#forget(this.#waiting);
    if (this.#waiting.size >= this.#options.waitingMost)
      throw new ApiError('unavailable', this.#options.refusal, { 'Retry-After': '1' });
    const place: Turn = { renewedMs: Date.now() };
    this.#waiting.add(place);
    try {
      for (;;) {
        await scheduler.wait(LOOK_EVERY_MS);
        place.renewedMs = Date.now();
        const turn = this.#take();
        if (turn !== undefined) return turn;
      }
    } finally {
      this.#waiting.delete(place);
    }
  }

  #forget(turns: Set<Turn>): void {
    const lostMs = Date.now() - this.#options.lostMs;
    for (const turn of turns) if (turn.renewedMs < lostMs) turns.delete(turn);
  }
}
