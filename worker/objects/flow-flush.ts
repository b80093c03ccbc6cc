/**
 * Asks probes to send what changed in their flow tables before a search looks at them, so that an answer is as fresh
 * as the tables themselves. Never waits longer than `timings.flushWaitMs`, and asks one probe at most every
 * `timings.flushEveryMs`; searches in between share what the last flush brought.
 */
import { timings } from '../../core/limits.ts';
import type { ProbeSockets } from './probe-sockets.ts';

interface Asked {
  readonly id: number;
  readonly atMs: number;
  readonly done: Promise<void>;
  readonly finish: () => void;
  isDone: boolean;
}

export class FlowFlush {
  readonly #sockets: ProbeSockets;
  readonly #asked = new Map<WebSocket, Asked>();
  #nextId = 1;

  constructor(sockets: ProbeSockets) {
    this.#sockets = sockets;
  }

  /** Resolves when every probe concerned has answered or the time is over: with the hosts that did not answer. */
  async flush(hosts: ReadonlySet<string> | undefined): Promise<string[]> {
    const waited: [host: string, asked: Asked][] = [];
    for (const [socket, state] of this.#sockets.live())
      if (hosts === undefined || hosts.has(state.hostId)) waited.push([state.hostId, this.#ask(socket)]);
    const open = waited.filter(([, asked]) => !asked.isDone);
    if (open.length > 0) await inTime(Promise.all(open.map(([, asked]) => asked.done)), timings.flushWaitMs);
    return waited.filter(([, asked]) => !asked.isDone).map(([host]) => host);
  }

  #ask(socket: WebSocket): Asked {
    const last = this.#asked.get(socket);
    if (last !== undefined && Date.now() - last.atMs < timings.flushEveryMs) return last;
    // Ids start anew when the object wakes; an answer to an older question must not count for a new one.
    const id = this.#nextId++;
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const asked: Asked = { id, atMs: Date.now(), done, finish, isDone: false };
    this.#asked.set(socket, asked);
    this.#sockets.send(socket, { flush: { id } });
    return asked;
  }

  /** The probe's answer; it comes behind the batches that the flush produced. */
  done(socket: WebSocket, id: number): void {
    const asked = this.#asked.get(socket);
    if (asked === undefined || asked.id !== id) return;
    asked.isDone = true;
    asked.finish();
  }

  /** The socket is gone: nobody waits for it any longer, and it counts as silent. */
  forget(socket: WebSocket): void {
    this.#asked.get(socket)?.finish();
    this.#asked.delete(socket);
  }
}

async function inTime(work: Promise<unknown>, waitMs: number): Promise<void> {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const timer = setTimeout(end, waitMs);
  await Promise.race([work, over]);
  clearTimeout(timer);
}
