/**
 * What earlier runs of this probe had not delivered when they ended, from their spools: sent as the run that it was, with its numbers, so that
 * nothing counts twice; then this run may begin to send.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../log.ts';
import type { ProbeIdentity } from './analyzer-socket.ts';
import { FlowLink } from './flow-link.ts';
import { Outbox } from './outbox.ts';
import { leftoversIn, Spool } from './spool.ts';

const LOOK_MS = 100;

export interface Leftovers {
  /** Resolves when all is delivered, or `end` was called. */
  readonly delivered: Promise<void>;
  /** What is not delivered stays for the next run. */
  end(): void;
}

export function deliverLeftovers(
  folder: string,
  analyzer: string,
  identity: ProbeIdentity,
  log: Log,
): Leftovers {
  const ending = new AbortController();
  const deliver = async (): Promise<void> => {
    for (const incarnation of leftoversIn(folder)) {
      if (incarnation === identity.incarnation) continue;
      if (ending.signal.aborted) return;
      try {
        await deliverOne(folder, analyzer, { ...identity, incarnation }, log, ending.signal);
      } catch (error) {
        log.warn(`what an earlier run left in ${folder}: ${messageOf(error)}`);
      }
    }
  };
  return { delivered: deliver(), end: () => ending.abort() };
}

async function deliverOne(
  folder: string,
  analyzer: string,
  identity: ProbeIdentity,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const spool = new Spool(folder, identity.incarnation);
  const outbox = new Outbox({ spool });
  try {
    outbox.restore();
    if (outbox.bytes === 0) return;
    log.info(`an earlier run left ${outbox.bytes} bytes of flows: they go first`);
    const link = new FlowLink({
      analyzer,
      identity,
      log,
      outbox,
      flush: () => Promise.resolve(),
      onPace: () => {},
    });
    link.start();
    while (outbox.bytes > 0 && !signal.aborted) await sleep(LOOK_MS);
    await link.stop('what an earlier run left is delivered', 0);
  } finally {
    spool.close();
  }
}
