/**
 * Whose a socket is. The kernel tells it only through the descriptors of processes in /proc, so they are looked
 * through when there are sockets that nobody is known for, seldom enough to cost a hundredth of the time, and a few
 * processes a turn of the event loop.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { limits } from '../../../core/limits.ts';

export interface SocketOwner {
  readonly pid: number;
  /** "" where we may not look. */
  readonly path: string;
  readonly name: string;
}

const SHARE = 100;
const TURN_MS_MAX = 5;

export class SocketOwners {
  /** Descriptors that were left out because there were too many, in the last look. */
  descriptorsCut = 0;
  readonly #owners = new Map<number, SocketOwner>();
  readonly #proc: string;
  #restUntilMs = 0;

  constructor(proc = '/proc') {
    this.#proc = proc;
  }

  ownerOf(inode: number): SocketOwner | undefined {
    return this.#owners.get(inode);
  }

  /** Forgets all other inodes, and looks for those that are not known, if it is time. */
  async learn(inodes: ReadonlySet<number>): Promise<void> {
    for (const inode of this.#owners.keys()) if (!inodes.has(inode)) this.#owners.delete(inode);
    const now = Date.now();
    const unknown = new Set([...inodes].filter((inode) => !this.#owners.has(inode)));
    if (unknown.size === 0 || now < this.#restUntilMs) return;
    const busyMs = await this.#look(unknown);
    this.#restUntilMs = Date.now() + busyMs * SHARE;
  }

  /** The time that it took of others, in ms. */
  async #look(unknown: Set<number>): Promise<number> {
    let descriptors = 0;
    let busyMs = 0;
    let turnAt = performance.now();
    this.descriptorsCut = 0;
    for (const name of list(this.#proc)) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      let owner: SocketOwner | undefined;
      for (const fd of list(`${this.#proc}/${pid}/fd`)) {
        if (++descriptors > limits.processDescriptorsMax) {
          this.descriptorsCut++;
          continue;
        }
        const inode = socketOf(`${this.#proc}/${pid}/fd/${fd}`);
        if (inode === undefined || !unknown.delete(inode)) continue;
        owner ??= this.#ownerOf(pid);
        this.#owners.set(inode, owner);
      }
      if (unknown.size === 0) break;
      const spentMs = performance.now() - turnAt;
      if (spentMs < TURN_MS_MAX) continue;
      busyMs += spentMs;
      await setImmediate();
      turnAt = performance.now();
    }
    return busyMs + performance.now() - turnAt;
  }

  #ownerOf(pid: number): SocketOwner {
    return {
      pid,
      path: orNothing(() => readlinkSync(`${this.#proc}/${pid}/exe`)),
      name: orNothing(() => readFileSync(`${this.#proc}/${pid}/comm`, 'utf8')).trimEnd(),
    };
  }
}

/** Processes end while we look. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function socketOf(path: string): number | undefined {
  const match = /^socket:\[(\d+)\]$/.exec(orNothing(() => readlinkSync(path)));
  return match === null ? undefined : Number(match[1]);
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
