/** A request that has to end in time. */

/**
 * Gives the work a signal that aborts it after so many ms. `AbortSignal.timeout` would do, but its timer runs on when the work is done, and an object with a timer
 * stays awake.
 */
export async function inTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer in ${ms} ms`)), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
