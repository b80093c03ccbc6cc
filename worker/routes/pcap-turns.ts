/**
 * How many uploads one isolate reads at the same time: each may fill a good part of its memory. Others wait with their
 * bodies unread. A request can end without a word (its client is gone), so a turn that is not renewed is lost.
 */
import { limits } from '../../core/limits.ts';
import { ApiError } from '../errors.ts';

export interface Turn {
  /** When the upload last did something, ms since 1970. */
  renewedMs: number;
}

const TURN_LOST_MS = 30_000;
/** Requests must not wake each other, so each looks for itself. */
const LOOK_EVERY_MS = 20;

const turns = new Set<Turn>();
const waiting = new Set<Turn>();

function takeTurn(): Turn | undefined {
  const now = Date.now();
  for (const turn of turns) if (now - turn.renewedMs > TURN_LOST_MS) turns.delete(turn);
  if (turns.size >= limits.pcapUploadsMax) return undefined;
  const turn = { renewedMs: now };
  turns.add(turn);
  return turn;
}

async function waitForTurn(): Promise<Turn> {
  const now = Date.now();
  for (const other of waiting) if (now - other.renewedMs > TURN_LOST_MS) waiting.delete(other);
  if (waiting.size >= limits.pcapUploadsWaitingMax)
    throw new ApiError('unavailable', 'too many capture files are being read', { 'Retry-After': '1' });
  const place: Turn = { renewedMs: now };
  waiting.add(place);
  try {
    for (;;) {
      await scheduler.wait(LOOK_EVERY_MS);
      place.renewedMs = Date.now();
      const turn = takeTurn();
      if (turn !== undefined) return turn;
    }
  } finally {
    waiting.delete(place);
  }
}

/** Runs the upload when it is its turn; it renews the turn while it goes on. Throws ApiError 503 when too many wait. */
export async function inTurn<T>(upload: (turn: Turn) => Promise<T>): Promise<T> {
  const turn = takeTurn() ?? (await waitForTurn());
  try {
    return await upload(turn);
  } finally {
    turns.delete(turn);
  }
}
