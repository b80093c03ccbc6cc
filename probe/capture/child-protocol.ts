/**
 * What the probe and its capture process say to each other over Node's IPC channel (structured clone, in order).
 * Packets stay in the child; flow messages cross encoded, so that the main thread only counts and forwards them.
 */
import type { Pace } from '../link/flow-link.ts';
import type { CaptureSpec, CaptureStats } from './capture-source.ts';

export type ToChild =
  | { readonly kind: 'open'; readonly id: number; readonly spec: CaptureSpec; readonly bufferBytes: number }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'flush'; readonly request: number }
  | { readonly kind: 'pace'; readonly pace: Pace }
  /** End every capture, send what is left, exit. */
  | { readonly kind: 'stop' };

export type FromChild =
  /** First message. `missing` tells why nothing can be captured; the child then exits by itself. */
  | { readonly kind: 'ready'; readonly missing: string }
  | { readonly kind: 'opened'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: string }
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
    };
