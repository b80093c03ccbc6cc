/**
 * What the probe and whatever runs its captures (a process, a worker thread) say to each other: structured clones,
 * in order. Packets stay there; flow messages cross encoded, so that the main thread only counts and forwards them.
 */
import type { Pace } from '../link/flow-link.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';
import type { RunnerLoss } from './overload.ts';

export type ToChild =
  /** `bufferBytes`: what the kernel's buffer may take at most. */
  | { readonly kind: 'open'; readonly id: number; readonly spec: CaptureSpec; readonly bufferBytes: number }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'flush'; readonly request: number }
  | { readonly kind: 'pace'; readonly pace: Pace }
  /** End every capture, send what is left, exit. */
  | { readonly kind: 'stop' };

export type FromChild =
  /** First message. `missing` tells why nothing can be captured; the child then exits by itself. */
  | { readonly kind: 'ready'; readonly missing: string }
  /** `bufferBytes`: what the kernel's buffer took; 0 when it shares another capture's. */
  | { readonly kind: 'opened'; readonly id: number; readonly bufferBytes: number }
  /** `unavailable`: this way of capturing cannot be had, another might. */
  | { readonly kind: 'failed'; readonly id: number; readonly error: string; readonly unavailable: boolean }
  /** Behind the last flows of that capture. */
  | { readonly kind: 'closed'; readonly id: number }
  /** An open capture that takes no more packets; it is closed already. */
  | { readonly kind: 'ended'; readonly id: number; readonly error: string }
  | { readonly kind: 'batch'; readonly bytes: Uint8Array; readonly flows: number }
  | { readonly kind: 'flushed'; readonly request: number }
  | {
      readonly kind: 'stats';
      readonly captures: readonly (CaptureStats & { readonly id: number })[];
      /** Flow messages dropped since the last stats because this channel was full. */
      readonly flowsDropped: number;
      readonly overload: RunnerLoss;
    };
