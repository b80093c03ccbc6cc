/**
 * How many of a dear kind of request one isolate serves at the same time, when each may fill a good part of its memory. Others
 * wait with their bodies unread. A request can end without a word (its client is gone), so a turn that is not renewed is lost.
 */
import { ApiError } from './errors.ts';

export interface Turn {
  /** When it last did something, ms since 1970. */
  renewedMs: number;
  /** Not renewed for so long, it is lost. */
  readonly lostMs: number;
}

export interface TurnsOptions {
  readonly most: number;
  readonly waitingMost: number;
  /** Why one is refused with 503 when more than that wait. */
  readonly refusal: string;
}

/** A place among those who wait, which is renewed at each look. */
const PLACE_LOST_MS = 30_000;
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
  async run<T>(lostMs: number, work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = this.#take(lostMs) ?? (await this.#wait(lostMs));
    try {
      return await work(turn);
    } finally {
      this.#turns.delete(turn);
    }
  }

  #take(lostMs: number): Turn | undefined {
    this.#forget(this.#turns);
    if (this.#turns.size >= this.#options.most) return undefined;
    const turn = { renewedMs: Date.now(), lostMs };
    this.#turns.add(turn);
    return turn;
  }

  async #wait(lostMs: number): Promise<Turn> {
    this.#forget(this.#waiting);
    if (this.#waiting.size >= this.#options.waitingMost)
      throw new ApiError('unavailable', this.#options.refusal, { 'Retry-After': '1' });
    const place: Turn = { renewedMs: Date.now(), lostMs: PLACE_LOST_MS };
    this.#waiting.add(place);
    try {
      for (;;) {
        await scheduler.wait(LOOK_EVERY_MS);
        place.renewedMs = Date.now();
        const turn = this.#take(lostMs);
        if (turn !== undefined) return turn;
      }
    } finally {
      this.#waiting.delete(place);
    }
  }

  #forget(turns: Set<Turn>): void {
    const nowMs = Date.now();
    for (const turn of turns) if (nowMs - turn.renewedMs > turn.lostMs) turns.delete(turn);
  }
}
