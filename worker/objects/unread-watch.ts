/**
 * Looks at the sockets of an object while any of them has something unread. The object stays awake for it, so that one that sleeps owes nothing to anybody.
 */
import { timings } from '../../core/limits.ts';
import { frameBytes, Unread, type ConnectionFacts } from './unread.ts';
import { log } from '../log.ts';

interface Watched {
  /** The peer as the report names it. */
  readonly connection: string;
  unread: Unread;
}

export class UnreadWatch {
  readonly #ctx: DurableObjectState;
  readonly #report: Fetcher;
  /** With more than this unread a socket is looked at more often. */
  readonly #urgentBytes: number;
  /** Nobody could be looked at. */
  readonly #failed: () => void;
  readonly #watched = new Map<WebSocket, Watched>();
  #running = false;
  #urgent = false;

  constructor(ctx: DurableObjectState, report: Fetcher, urgentBytes: number, failed: () => void) {
    this.#ctx = ctx;
    this.#report = report;
    this.#urgentBytes = urgentBytes;
    this.#failed = failed;
  }

  /** `isNew`: nothing was sent to it before. */
  add(socket: WebSocket, connection: string, isNew: boolean): void {
    if (connection !== '') this.#watched.set(socket, { connection, unread: new Unread(isNew) });
  }

  forget(socket: WebSocket): void {
    this.#watched.delete(socket);
  }

  /** Bytes, at most; undefined for a socket that nobody can look at. */
  unread(socket: WebSocket): number | undefined {
    return this.#watched.get(socket)?.unread.bytes;
  }

  sent(socket: WebSocket, payloadBytes: number): void {
    const watched = this.#watched.get(socket);
    if (watched === undefined) return;
    watched.unread.sent(frameBytes(payloadBytes));
    if (watched.unread.bytes > this.#urgentBytes) this.#urgent = true;
    if (this.#running) return;
    this.#running = true;
    this.#ctx.waitUntil(this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAnyUnread()) {
        await this.#pause();
        await this.#look();
      }
    } catch (error) {
      this.#failed();
      // What is not known is not held against anybody.
      for (const watched of this.#watched.values()) watched.unread = new Unread(false);
      log('warn', 'sockets', 'who reads too slowly is not known', { error });
    } finally {
      this.#running = false;
    }
  }

  #isAnyUnread(): boolean {
    for (const { unread } of this.#watched.values()) if (unread.bytes > 0) return true;
    return false;
  }

  /** Until the next look is due; sooner when somebody may have too much. */
  async #pause(): Promise<void> {
    const step = timings.unreadLookUrgentMs;
    for (let waited = 0; waited < timings.unreadLookMs; waited += step) {
      await scheduler.wait(step);
      if (this.#urgent) return;
    }
  }

  async #look(): Promise<void> {
    this.#urgent = false;
    const marks = [...this.#watched.values()].map((watched) => ({
      watched,
      mark: watched.unread.mark(),
    }));
    const response = await this.#report.fetch('http://connections/');
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const facts = await response.json<Readonly<Record<string, ConnectionFacts>>>();
    for (const { watched, mark } of marks) {
      watched.unread.look(mark, facts[watched.connection]);
      // One that is held back is sent nothing: when it will have read is not urgent.
      if (mark > 0 && watched.unread.bytes > this.#urgentBytes) this.#urgent = true;
    }
  }
}
