/**
 * What Cloudflare asks for what an analyzer uses, in USD, Workers Paid. As its pages had it in November 2026 (Workers, Durable Objects, R2:
 * "Pricing"); check before relying on it. A month has 30 days. Not here is what
 * stays far within what is included: CPU of the Worker in front (30 million ms), rows read (25 billion), reads of R2 (10 million).
 */
export const PRICES_AS_OF = '2026-11';

export interface Price {
  /** In the fee of the plan. */
  readonly included: number;
  /** Of a unit beyond it. */
  readonly usd: number;
}

const MILLION = 1e6;

export const prices = {
  planUsd: 5,
  workerRequests: { included: 10 * MILLION, usd: 0.3 / MILLION },
  /** Requests, calls between objects, alarms; WebSocket messages that come in count a twentieth. */
  objectRequests: { included: MILLION, usd: 0.15 / MILLION },
  /** 128 MB for as long as an object is awake. */
  objectGbSeconds: { included: 400_000, usd: 12.5 / MILLION },
  rowsWritten: { included: 50 * MILLION, usd: 1 / MILLION },
  objectStorageGb: { included: 5, usd: 0.2 },
  bucketStorageGb: { included: 10, usd: 0.015 },
  /** Writing and listing. */
  bucketClassA: { included: MILLION, usd: 4.5 / MILLION },
} as const;

export const MESSAGES_PER_REQUEST = 20;
export const OBJECT_GB = 0.128;
export const MONTH_SECONDS = 30 * 86_400;

/** Limits of the platform that a fabric may meet. */
export const platform = {
  /** An object is one thread: about so many requests or messages a second. */
  objectEventsPerSecond: 1_000,
  objectStorageGb: 10,
} as const;
