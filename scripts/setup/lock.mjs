/**
 * A lock between processes: a file that names its holder. The file appears with its content in one step (link), and
 * a holder that died, however it died, is found out by its process id together with its start time.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A break of a stale lock takes microseconds; a breaker seen for this long has died. */
const BREAK_MS_MAX = 10_000;

/** Start time of a process in clock ticks since boot, so that a reused id is not taken for the old process. @param {number} pid */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** @param {string} target @param {string} content @returns {boolean} false when the file exists */
function createWhole(target, content) {
  const draft = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, target);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @param {string} file @returns {string} '' when it is not there */
function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} content @returns {number} the process id of a holder that still runs, else 0 */
function livingHolder(content) {
  const [pid = '', startTime = ''] = content.split(' ');
  return pid !== '' && startTimeOf(Number(pid)) === startTime ? Number(pid) : 0;
}

/** Removes the lock of a dead holder, one breaker at a time. @param {string} file @param {string} seen */
function breakStale(file, seen) {
  const breaker = `${file}.break`;
  if (!createWhole(breaker, String(process.pid))) {
    const age = Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > BREAK_MS_MAX) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (contentOf(file) === seen) rmSync(file, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

/**
 * Takes the lock if nobody who lives holds it. `holder` is then the process id of who does.
 * @param {string} file
 * @returns {{ held: true, release: () => void } | { held: false, holder: number }}
 */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${process.pid} ${startTimeOf(process.pid)}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    if (createWhole(file, mine)) {
      return { held: true, release: () => contentOf(file) === mine && rmSync(file, { force: true }) };
    }
    const seen = contentOf(file);
    const holder = livingHolder(seen);
    if (holder !== 0) return { held: false, holder };
    if (seen !== '') breakStale(file, seen);
  }
  return { held: false, holder: 0 };
}

/**
 * Waits for the lock; `onWait` is told once who holds it. Rejects after `waitMsMax`.
 * @param {string} file
 * @param {{ waitMsMax: number, onWait: (holder: number) => void }} options
 * @returns {Promise<() => void>} releases it
 */
export async function lock(file, options) {
  const giveUpAt = Date.now() + options.waitMsMax;
  for (let told = false; ;) {
    const taken = tryLock(file);
    if (taken.held) return taken.release;
    if (!told) options.onWait(taken.holder);
    told = true;
    if (Date.now() > giveUpAt) throw new Error(`process ${taken.holder} holds ${file} for too long`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
