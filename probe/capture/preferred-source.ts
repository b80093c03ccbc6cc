/**
 * Serves captures without a type: the preferred way of capturing, or the other where the preferred cannot be had. Which
 * one serves, and why, stays with the capture and is shown in its state.
 */
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../log.ts';
import {
  CaptureError,
  CaptureUnavailable,
  type CaptureHandle,
  type CaptureSource,
  type CaptureSpec,
} from './capture-source.ts';

export interface TypedSource {
  readonly type: string;
  readonly source: CaptureSource;
}

/** Flush, pace and stop are the business of the two sources themselves, which serve captures of their type as well. */
export class PreferredSource implements CaptureSource {
  readonly #preferred: TypedSource;
  readonly #other: TypedSource;
  readonly #log: Log;
  readonly #reasons = new Set<string>();
  #fallbacks = 0;

  constructor(preferred: TypedSource, other: TypedSource, log: Log) {
    this.#preferred = preferred;
    this.#other = other;
    this.#log = log;
  }

  async open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
    try {
      return await this.#preferred.source.open(spec, lost);
    } catch (error) {
      if (!(error instanceof CaptureUnavailable)) throw error;
      return this.#openOther(spec, lost, error.message);
    }
  }

  async #openOther(
    spec: CaptureSpec,
    lost: (error: CaptureError) => void,
    reason: string,
  ): Promise<CaptureHandle> {
    const { type, source } = this.#other;
    let handle: CaptureHandle;
    try {
      handle = await source.open(spec, lost);
    } catch (cause) {
      throw new CaptureError(`${messageOf(cause)}; ${this.#preferred.type}: ${reason}`, { cause });
    }
    this.#fallbacks++;
    if (!this.#reasons.has(reason)) this.#log.warn(`${type} instead of ${this.#preferred.type}: ${reason}`);
    this.#reasons.add(reason);
    return { fallback: { type, reason }, stats: () => handle.stats(), close: () => handle.close() };
  }

  async flush(): Promise<void> {}

  setPace(): void {}

  async stop(): Promise<void> {}

  /** Captures that another type had to serve, ever. */
  status(): Readonly<Record<string, unknown>> {
    return { fallbacks: this.#fallbacks };
  }
}
