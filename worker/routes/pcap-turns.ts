/** How many uploads of capture files one isolate reads at the same time: each may fill a good part of its memory. */
import { limits } from '../../core/limits.ts';
import { Turns, type Turn } from '../turns.ts';

export type { Turn };

const TURN_LOST_MS = 30_000;

const uploads = new Turns({
  most: limits.pcapUploadsMax,
  waitingMost: limits.pcapUploadsWaitingMax,
  refusal: 'too many capture files are being read',
});

/** Runs the upload when it is its turn; it renews the turn while it goes on. Throws ApiError 503 when too many wait. */
export async function inTurn<T>(upload: (turn: Turn) => Promise<T>): Promise<T> {
  return uploads.run(TURN_LOST_MS, upload);
}
