/**
 * Every bound of Edgedive, with what happens when it is reached. Units end the name.
 * Counters of what was refused or dropped stand in `GET /api/status`.
 */
export const limits = {
  /** A REST request body above it is refused with 413. */
  bodyBytesMax: 1_048_576,
  /** A query text above it is refused with 400. */
  queryCharsMax: 65_536,
  /** A step or predicate list above it is refused with 400. */
  querySteps: 256,
  /** A query that visits more elements than this ends with 400 naming the limit. */
  queryVisitsMax: 20_000_000,
  /** `Descendants(0)` and friends stop here; the query ends with 400 naming the limit. */
  queryDepthMax: 1_000,

  /** A frame on a probe socket above it closes the socket with 1009. */
  frameBytesMax: 16 * 1_048_576,
  /** A frame from a subscriber or publisher above it closes the socket with 1009. */
  clientFrameBytesMax: 4 * 1_048_576,
  /** Flows in one message to a subscriber; a larger batch is split, as the reference does. */
  flowsPerMessageMax: 100,
  /** Flows in one batch from a probe to its shard. */
  flowsPerBatchMax: 1_000,
  /** Batches a probe may have unacknowledged; it waits beyond that. */
  batchesInFlightMax: 16,
  /** A subscriber with more than this unsent is closed with 1013 and told why. */
  subscriberBufferBytesMax: 8 * 1_048_576,
  /** Subscribers on one hub; more are refused with 503. */
  subscribersPerHubMax: 5_000,

  /** Flow messages kept by a probe while its analyzer is away; the oldest go first and are counted. */
  outboxBytesMax: 192 * 1_048_576,
  /** Flows live in one capture's table; the idlest is sent, removed and counted. */
  flowTableEntriesMax: 500_000,
  /** Bytes of flows live in one shard's memory (an object has 128 MB); the idlest leave and are counted. */
  shardLiveBytesMax: 64 * 1_048_576,

  /** Captures, and other resources, in one fabric; more are refused with 507. */
  resourcesMax: 10_000,
  /** Metadata of one node or edge as JSON; a larger one is refused and counted. */
  elementBytesMax: 1_000_000,
  /** Nodes and edges of one host; the rest is refused and counted. */
  elementsPerHostMax: 200_000,
} as const;

/** Timings of design rule "How fresh": see docs/design/freshness.md. All in ms. */
export const timings = {
  /** A new flow leaves the probe within this of its first packet. */
  newFlowMs: 500,
  /** A changed flow is sent again this often. */
  flowUpdateMs: 10_000,
  /** A flow without packets for this long ends with TIMEOUT. */
  flowExpireMs: 600_000,
  /** A finished flow (FIN, RST) stays in the table this long for late packets. */
  flowHoldMs: 15_000,
  /** How long a query waits for probes to flush what changed. */
  flushWaitMs: 300,
  /** A probe is asked to flush at most this often. */
  flushEveryMs: 500,
  /** A shard writes and publishes what came in, together, after this. */
  groupCommitMs: 100,
  /** The graph of a probe that vanished without a goodbye is kept this long. */
  probeGraceMs: 35_000,
  /** Kinds of application whose flows end early, by upper-cased Application. */
  applicationTimeoutMs: { ARP: 10_000, DNS: 10_000 } as Readonly<Record<string, number>>,
} as const;
