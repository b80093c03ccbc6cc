/**
 * The state files of a container runtime below its folders: `<folder>/<id>/state.json`, or one level deeper by the
 * runtime's namespaces. Tells when something may have changed (inotify on each folder, and a look every few seconds
 * for where that fails); what is there is listed when asked.
 */
import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { limits, timings } from '../../../core/limits.ts';

const STATE_FILE = 'state.json';

export class StateFolders {
  readonly #roots: readonly string[];
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #timer: NodeJS.Timeout;

  constructor(roots: readonly string[], onChange: () => void) {
    this.#roots = roots;
    this.#onChange = onChange;
    this.#timer = setInterval(onChange, timings.stateFolderCheckMs);
  }

  get watched(): number {
    return this.#watchers.size;
  }

  /** Folders of containers that are there now, in order; they are watched from now on. */
  list(): string[] {
    const containers: string[] = [];
    const seen = new Set<string>();
    for (const root of this.#roots) {
      for (const folder of this.#enter(root, seen)) {
        if (isFile(join(folder, STATE_FILE))) containers.push(folder);
        const inner = this.#enter(folder, seen);
        containers.push(...inner.filter((each) => isFile(join(each, STATE_FILE))));
        for (const each of inner) this.#watch(each, seen);
      }
    }
    for (const [folder, watcher] of this.#watchers)
      if (!seen.has(folder)) {
        this.#watchers.delete(folder);
        watcher.close();
      }
    return containers;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** The folders in it. Watched before it is read, so that nothing slips through. */
  #enter(folder: string, seen: Set<string>): string[] {
    this.#watch(folder, seen);
    try {
      const entries = readdirSync(folder, { withFileTypes: true });
      return entries.flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : [])).sort();
    } catch {
      return [];
    }
  }

  /** Without inotify the look at intervals has to do. */
  #watch(folder: string, seen: Set<string>): void {
    seen.add(folder);
    if (this.#watchers.has(folder) || this.#watchers.size >= limits.sourceElementsMax) return;
    const forget = (): void => {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    };
    try {
      const watcher = watch(folder, () => {
        // A folder that was removed is told once more by its own watch; one made anew needs another.
        if (!isFolder(folder)) forget();
        this.#onChange();
      });
      watcher.on('error', forget);
      this.#watchers.set(folder, watcher);
    } catch {
      // Gone, or no watches to be had.
    }
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
