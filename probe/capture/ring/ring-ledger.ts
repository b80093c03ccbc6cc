/**
 * Memory that the worker thread of the rings shares with the probe: which rings are open, so that a thread that dies
 * does not leave their memory and sockets behind, and how many bytes of flows the probe has not taken yet,
 * and how to wake it.
 */
import { invariant } from '../../../core/errors.ts';
import { limits } from '../../../core/limits.ts';
import { releaseRing, type PacketRing } from './packet-ring.ts';

/** Descriptor + 1 (0 = free), address, bytes. */
const ENTRY = 3;

export class RingLedger {
  readonly memory: SharedArrayBuffer;
  /** Bytes waiting, descriptor to wake by + 1. */
  readonly #words: Int32Array;
  readonly #entries: BigInt64Array;

  /** Anew, or what the other thread made. */
  constructor(memory = new SharedArrayBuffer(8 * (1 + ENTRY * limits.captureHandlesMax))) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 2);
    this.#entries = new BigInt64Array(memory, 8);
  }

  /** Bytes of flows on their way to the probe. */
  get waitingBytes(): number {
    return Atomics.load(this.#words, 0);
  }

  addWaiting(bytes: number): void {
    Atomics.add(this.#words, 0, bytes);
  }

  /** By which the thread is woken; -1 before it has one. */
  get wakeFd(): number {
    return Atomics.load(this.#words, 1) - 1;
  }

  set wakeFd(fd: number) {
    Atomics.store(this.#words, 1, fd + 1);
  }

  enter({ fd, address, bytes }: PacketRing): void {
    const at = this.#find(0n);
    this.#entries[at + 1] = address;
    this.#entries[at + 2] = BigInt(bytes);
    Atomics.store(this.#entries, at, BigInt(fd + 1));
  }

  /** Before the ring is closed. */
  strike({ fd }: PacketRing): void {
    Atomics.store(this.#entries, this.#find(BigInt(fd + 1)), 0n);
  }

  /** Closes what a dead thread left open; returns how many rings that were. */
  release(): number {
    let count = 0;
    if (this.wakeFd >= 0) releaseRing(this.wakeFd, 0n, 0);
    this.wakeFd = -1;
    for (let at = 0; at < this.#entries.length; at += ENTRY) {
      const fd = Number(Atomics.exchange(this.#entries, at, 0n)) - 1;
      if (fd < 0) continue;
      releaseRing(fd, this.#entries[at + 1]!, Number(this.#entries[at + 2]!));
      count++;
    }
    return count;
  }

  #find(value: bigint): number {
    for (let at = 0; at < this.#entries.length; at += ENTRY) if (this.#entries[at] === value) return at;
    invariant(false, 'a place for each ring');
  }
}
