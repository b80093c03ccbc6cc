/**
 * A shard's line to the hubs: each row that was written goes to each hub that has subscribers, once and in order. A hub
 * answers how many subscribers it has; one without any is left asleep until a subscriber comes and it says so.
 */
import { limits } from '../../core/limits.ts';
import { hubAt, hubCount } from './stubs.ts';
import { log } from '../log.ts';

export type FeedCounter = 'publishedRows' | 'publishFailures' | 'publishDropped';
export const feedCounters: readonly FeedCounter[] = ['publishedRows', 'publishFailures', 'publishDropped'];

interface Line {
  stub: ReturnType<typeof hubAt>;
  /** No subscribers, as far as we know. */
  isIdle: boolean;
  backlogBytes: number;
}

export class HubFeed {
  readonly #env: Env;
  readonly #count: (name: FeedCounter) => void;
  readonly #lines: Line[];
  /** Counts the hubs' calls, so that an answer "nobody" from before one is not believed. */
  #wakes = 0;

  constructor(env: Env, count: (name: FeedCounter) => void) {
    this.#env = env;
    this.#count = count;
    this.#lines = Array.from({ length: hubCount(env) }, (_, index) => ({
      stub: hubAt(env, index),
      isIdle: false,
      backlogBytes: 0,
    }));
  }

  /** Some hub got its first subscriber. */
  wake(): void {
    this.#wakes++;
    for (const line of this.#lines) line.isIdle = false;
  }

  /** Resolves when every hub has taken the row. Calls leave in order, also when this is not awaited. */
  async publish(row: Uint8Array): Promise<void> {
    await Promise.all(this.#lines.map((line, index) => this.#publishTo(line, index, row)));
  }

  async #publishTo(line: Line, index: number, row: Uint8Array): Promise<void> {
    if (line.isIdle) return;
    if (line.backlogBytes + row.length > limits.hubBacklogBytesMax) {
      this.#count('publishDropped');
      return;
    }
    const wakes = this.#wakes;
    line.backlogBytes += row.length;
    try {
      const subscribers = await line.stub.publish(row);
      this.#count('publishedRows');
      if (subscribers === 0 && wakes === this.#wakes) line.isIdle = true;
    } catch (error) {
      // Whether the hub had it is unknown, and twice is worse than a gap that is counted.
      this.#count('publishFailures');
      log('warn', 'flow shard', 'a hub did not take a row', { hub: index, error });
      line.stub = hubAt(this.#env, index);
    } finally {
      line.backlogBytes -= row.length;
    }
  }

  status(): { readonly idle: boolean; readonly backlogBytes: number }[] {
    return this.#lines.map((line) => ({ idle: line.isIdle, backlogBytes: line.backlogBytes }));
  }
}
