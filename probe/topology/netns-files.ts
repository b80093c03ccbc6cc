/**
 * From files in the folders of namespaces to namespace nodes (topology notes, section 10). A file is a namespace
 * once its device differs from its folder's: `ip netns add` makes the file first and mounts on it after. Two files
 * of one namespace (device and inode) share a node, named after the first; the probe's own namespace is the host's
 * node already. A file that is no namespace is tried again with backoff and holds up nothing else.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { tidOfNetns, uuidV5 } from '../../core/ids.ts';
import { limits, timings } from '../../core/limits.ts';
import { errorCodeOf } from '../linux/linux-error.ts';
import type { HostGraph } from './host-graph.ts';
import type { NamespaceIdentity, NamespaceSet } from './namespace-set.ts';
import { NetnsFolder } from './netns-folder.ts';

interface Shared {
  readonly identity: NamespaceIdentity;
  readonly device: number;
  readonly inode: number;
  /** In the order of arrival; the first names the node. */
  readonly paths: string[];
}

/** A file on its way to be a namespace, or not. */
interface Waiting {
  readonly sinceMs: number;
  delayMs: number;
  timer: NodeJS.Timeout | undefined;
  logged: boolean;
}

/** What somebody knows of a namespace beside its file: whose it is. */
export interface NamespaceLabel {
  readonly Name: string;
  readonly Manager: string;
  readonly Runtime?: string;
  /** The name counts only where no file in the folders gives one. */
  readonly isNickname?: boolean;
}

/** The node that owns what is in a namespace. */
export interface NamespaceOwner {
  readonly nodeId: string;
  readonly tid: string;
}

export interface NetnsFilesOptions {
  readonly folders: readonly string[];
  readonly hostId: string;
  readonly host: { readonly nodeId: string; readonly tid: string };
  readonly graph: HostGraph;
  /** undefined: namespaces are listed without their interfaces. */
  readonly namespaces: NamespaceSet | undefined;
  readonly log: (line: string) => void;
}

export class NetnsFiles {
  readonly counters = { notNamespaces: 0, refused: 0 };
  /** Set when the kernel does not let us in; interfaces inside stay unknown then. */
  denied: string | null = null;
  lastError: string | null = null;
  readonly #options: NetnsFilesOptions;
  readonly #folders: readonly NetnsFolder[];
  readonly #shared = new Map<string, Shared>();
  readonly #keyOfPath = new Map<string, string>();
  readonly #waiting = new Map<string, Waiting>();
  /** By path, what each claimant says. */
  readonly #claims = new Map<string, Map<object, NamespaceLabel>>();
  readonly #ownKey: string;

  constructor(options: NetnsFilesOptions) {
    this.#options = options;
    this.#ownKey = ownNamespaceKey();
    const events = {
      onFile: (path: string): void => this.#look(path),
      onGone: (path: string): void => this.#gone(path),
    };
    this.#folders = options.folders.map((path) => new NetnsFolder(path, events, options.log));
  }

  get count(): number {
    return this.#shared.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Folders that exist now. */
  get folders(): string[] {
    return this.#folders.filter((folder) => folder.exists).map((folder) => folder.path);
  }

  start(): void {
    for (const folder of this.#folders) folder.start();
  }

  stop(): void {
    for (const folder of this.#folders) folder.stop();
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    for (const { identity } of this.#shared.values()) closeSync(identity.fd);
    this.#shared.clear();
    this.#keyOfPath.clear();
  }

  /** Looks at every file: one may have been unmounted or mounted over without a word from inotify. */
  scan(): void {
    for (const folder of this.#folders) folder.scan();
    for (const path of this.#claims.keys()) this.#look(path);
  }

  /**
   * A file outside the folders, `/proc/<pid>/ns/net`, is looked at from now on, and its namespace is called this
   * whatever other files it has. Gives the node: the host's for the probe's own namespace; `gone` when there is no
   * such file, `closed` when it is there and cannot be opened (yet).
   */
  claim(claimant: object, path: string, label: NamespaceLabel): NamespaceOwner | 'gone' | 'closed' {
    const claims = this.#claims.get(path) ?? new Map<object, NamespaceLabel>();
    const isNew = !jsonEquals({ ...claims.get(claimant) }, { ...label });
    this.#claims.set(path, claims.set(claimant, label));
    this.#look(path);
    const shared = this.#sharedAt(path);
    if (shared !== undefined) {
      if (isNew) this.#rename(shared);
      return { nodeId: shared.identity.nodeId, tid: shared.identity.tid };
    }
    if (this.#waiting.has(path)) return 'closed';
    return keyOfFile(path) === this.#ownKey ? this.#options.host : 'gone';
  }

  /** Ends what `claim` began; the namespace stays as far as others claim it or other files show it. */
  unclaim(claimant: object, path: string): void {
    const claims = this.#claims.get(path);
    if (claims === undefined || !claims.delete(claimant)) return;
    if (claims.size === 0) {
      this.#claims.delete(path);
      this.#gone(path);
      return;
    }
    const shared = this.#sharedAt(path);
    if (shared !== undefined) this.#rename(shared);
  }

  #sharedAt(path: string): Shared | undefined {
    return this.#shared.get(this.#keyOfPath.get(path) ?? '');
  }

  #look(path: string): void {
    let fd: number | undefined;
    try {
      fd = this.#openNamespaceFile(path);
      if (fd === undefined) this.#tryLater(path, 'is not a network namespace');
      else if (this.#adopt(path, fd)) fd = undefined;
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'ENOENT') this.#gone(path);
      else if (code === 'EINVAL') this.#tryLater(path, 'is not a network namespace');
      else this.#tryLater(path, messageOf(error));
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** undefined: nothing is mounted there, or what cannot be a namespace. Throws Node's errors. */
  #openNamespaceFile(path: string): number | undefined {
    const stat = statSync(path);
    if (!stat.isFile() || stat.dev === statSync(dirname(path)).dev) {
      this.#release(path);
      return undefined;
    }
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** True: the open file is kept. Throws LinuxError when the namespace cannot be read. */
  #adopt(path: string, fd: number): boolean {
    const { dev, ino } = fstatSync(fd);
    const key = `${dev}:${ino}`;
    if (this.#keyOfPath.get(path) === key) return false;
    this.#release(path);
    if (key === this.#ownKey) {
      this.#settled(path);
      return false;
    }
    const known = this.#shared.get(key);
    if (known !== undefined) {
      known.paths.push(path);
      this.#keyOfPath.set(path, key);
      this.#rename(known);
      this.#settled(path);
      return false;
    }
    if (this.#shared.size >= limits.namespacesMax) {
      this.counters.refused++;
      this.#tryLater(path, `there are ${limits.namespacesMax} namespaces already`);
      return false;
    }
    this.#create(path, { fd, key, dev, ino });
    return true;
  }

  #create(path: string, file: { fd: number; key: string; dev: number; ino: number }): void {
    const { hostId, host, graph, namespaces } = this.#options;
    const nodeId = uuidV5([hostId, path, file.key].join('/'));
    const tid = tidOfNetns(host.tid, path);
    const identity: NamespaceIdentity = {
      key: file.key,
      nodeId,
      tid,
      name: '',
      path,
      fd: file.fd,
    };
    const shared = { identity, device: file.dev, inode: file.ino, paths: [path] };
    identity.name = this.#nameOf(shared);
    this.#putNode(shared);
    graph.putEdge(host.nodeId, nodeId, { RelationType: 'ownership' });
    try {
      namespaces?.open(identity);
    } catch (error) {
      if (errorCodeOf(error) === 'EPERM') this.#deny(path, error);
      else {
        graph.removeNode(nodeId);
        throw error;
      }
    }
    this.#shared.set(file.key, shared);
    this.#keyOfPath.set(path, file.key);
    this.#settled(path);
  }

  /** A name comes before a nickname, what was claimed first before what came later. */
  #labelOf({ paths }: Shared): NamespaceLabel | undefined {
    const labels = paths.flatMap((path) => [...(this.#claims.get(path)?.values() ?? [])]);
    return labels.find((label) => label.isNickname !== true) ?? labels[0];
  }

  #nameOf(shared: Shared): string {
    const label = this.#labelOf(shared);
    const file = shared.paths.find((path) => !this.#claims.has(path));
    if (label === undefined || (label.isNickname === true && file !== undefined))
      return basename(file ?? shared.paths[0]!);
    return label.Name;
  }

  /** Its files or what is known of them changed. */
  #rename(shared: Shared): void {
    const { identity, paths } = shared;
    const path = paths[0]!;
    const name = this.#nameOf(shared);
    const isOther = name !== identity.name;
    identity.path = path;
    identity.name = name;
    this.#putNode(shared);
    if (isOther) this.#options.namespaces?.renamed(identity.key);
  }

  #putNode(shared: Shared): void {
    const { identity, device, inode } = shared;
    const { Manager, Runtime } = this.#labelOf(shared) ?? {};
    this.#options.graph.putNode(identity.nodeId, {
      Name: identity.name,
      Type: 'netns',
      ...(Manager === undefined ? {} : { Manager }),
      ...(Runtime === undefined ? {} : { Runtime }),
      Path: identity.path,
      Inode: inode,
      Device: device,
      TID: identity.tid,
    });
  }

  #deny(path: string, error: unknown): void {
    if (this.denied === null)
      this.#options.log(`topology: namespaces are listed without interfaces: ${messageOf(error)}`);
    this.denied = `CAP_SYS_ADMIN is needed to look into ${path}`;
  }

  #gone(path: string): void {
    this.#settled(path);
    this.#release(path);
  }

  /** The path no longer means what it meant. */
  #release(path: string): void {
    const key = this.#keyOfPath.get(path);
    const shared = key === undefined ? undefined : this.#shared.get(key);
    this.#keyOfPath.delete(path);
    if (shared === undefined) return;
    shared.paths.splice(shared.paths.indexOf(path), 1);
    const { identity } = shared;
    if (shared.paths.length > 0) {
      this.#rename(shared);
      return;
    }
    this.#shared.delete(identity.key);
    this.#options.namespaces?.close(identity.key);
    this.#options.graph.removeNode(identity.nodeId);
    closeSync(identity.fd);
  }

  #settled(path: string): void {
    clearTimeout(this.#waiting.get(path)?.timer);
    this.#waiting.delete(path);
  }

  #tryLater(path: string, reason: string): void {
    let waiting = this.#waiting.get(path);
    if (waiting === undefined) {
      waiting = { sinceMs: Date.now(), delayMs: timings.netnsRetryMs, timer: undefined, logged: false };
      this.#waiting.set(path, waiting);
    }
    if (!waiting.logged && Date.now() - waiting.sinceMs >= timings.netnsGraceMs) {
      waiting.logged = true;
      this.counters.notNamespaces++;
      this.lastError = `${path} ${reason}`;
      this.#options.log(`topology: ${path} ${reason}; it is tried again now and then`);
    }
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => this.#look(path), waiting.delayMs);
    waiting.delayMs = Math.min(waiting.delayMs * 2, timings.netnsRetryMaxMs);
  }
}

function ownNamespaceKey(): string {
  return keyOfFile('/proc/thread-self/ns/net')!;
}

/** undefined: no such file, or none that we may look at. */
function keyOfFile(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
