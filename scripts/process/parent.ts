/**
 * A task ends when scripts/run.mjs, which started it, is gone: a SIGKILL of `npm start` gives nobody the chance to
 * tell. Looked at by process id, since a pipe held open would reach grandchildren.
 */
const LOOK_EVERY_MS = 300;

/** Sends this process SIGTERM, so that its own orderly end runs, once the runner has died. */
export function endWithRunner(): void {
  const runner = process.env['EDGEDIVE_RUNNER_PID'];
  // Only ours: a task that starts another runner must not hand on its own.
  delete process.env['EDGEDIVE_RUNNER_PID'];
  if (runner === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === Number(runner)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  timer.unref();
}
