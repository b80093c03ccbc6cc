/** What a row of a shard's log tells: the flow messages and statistics of its batches, each with the host whose probe sent it. */
import type { Flow, Stats } from '../../proto/gen/flow.ts';
import { decodeLogRow } from '../../proto/gen/shard.ts';
import { readProbeFrame } from '../wire/probe-frames.ts';

export interface LoggedBatch {
  readonly host: string;
  readonly flows: readonly Flow[];
  readonly stats: readonly Stats[];
}

/** Throws when the row cannot be read. */
export function loggedBatches(row: Uint8Array): LoggedBatch[] {
  return decodeLogRow(row).entries.flatMap(({ host, frame }) => {
    if (frame.length === 0) return [];
    const message = readProbeFrame(frame);
    return message.kind === 'flows' ? [{ host, flows: message.batch.flows, stats: message.batch.stats }] : [];
  });
}
