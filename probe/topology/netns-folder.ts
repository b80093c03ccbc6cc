/**
 * Which files are in a folder of network namespaces, as they come and go (inotify through `fs.watch`). The folder
 * may not exist yet, may vanish and come back. What the files are is `netns-files.ts`'s to find out.
 */
import { existsSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { timings } from '../../core/limits.ts';

export interface FolderEvents {
  /** A file is there: new, or somehow touched. */
  readonly onFile: (path: string) => void;
  readonly onGone: (path: string) => void;
}

export class NetnsFolder {
  readonly path: string;
  readonly #events: FolderEvents;
  readonly #log: (line: string) => void;
  readonly #names = new Set<string>();
  #watcher: FSWatcher | undefined;
  #identity = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, events: FolderEvents, log: (line: string) => void) {
    this.path = path;
    this.#events = events;
    this.#log = log;
  }

  get exists(): boolean {
    return this.#identity !== '';
  }

  /** Tells every file that is there before it returns. */
  start(): void {
    this.#check();
    this.#timer = setInterval(() => this.#check(), timings.netnsFolderCheckMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Compares with what is there, one name or all of them. */
  scan(only?: string): void {
    const there = new Set(only === undefined ? this.#list() : this.#isThere(only) ? [only] : []);
    for (const name of this.#names)
      if ((only === undefined || name === only) && !there.has(name)) {
        this.#names.delete(name);
        this.#events.onGone(join(this.path, name));
      }
    for (const name of there) {
      this.#names.add(name);
      this.#events.onFile(join(this.path, name));
    }
  }

  /** Watches the folder that is there now; a replaced one is another folder under the same name. */
  #check(): void {
    const identity = folderIdentity(this.path);
    if (identity === this.#identity) {
      if (identity !== '' && this.#watcher === undefined) this.scan();
      return;
    }
    this.#identity = identity;
    this.#watcher?.close();
    this.#watcher = undefined;
    if (identity !== '') this.#watch();
    this.scan();
  }

  /** Without a watch (no inotify to be had, or the folder just went) every look is a scan. */
  #watch(): void {
    try {
      this.#watcher = watch(this.path, (_event, name) => {
        this.#check();
        this.scan(name ?? undefined);
      });
      this.#watcher.on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch (error) {
      this.#log(`topology: ${this.path} cannot be watched: ${messageOf(error)}; looking once a second`);
    }
  }

  #isThere(name: string): boolean {
    return this.exists && existsSync(join(this.path, name));
  }

  #list(): string[] {
    try {
      return readdirSync(this.path).sort();
    } catch {
      return [];
    }
  }
}

/** "" = no folder, or none that we may look into. A folder made anew may well get the old one's inode. */
function folderIdentity(path: string): string {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? `${stat.dev}:${stat.ino}:${stat.birthtimeMs}` : '';
  } catch {
    return '';
  }
}
