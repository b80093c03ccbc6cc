/**
 * The namespaces that are being read, the probe's own among them: opens and closes their readers, hands changes to
 * the interface graph, knows which of them another one's number means, and ticks their counters. A reader that
 * fails is opened again with backoff until its namespace is closed.
 */
import { messageOf } from '../../core/errors.ts';
import { timings } from '../../core/limits.ts';
import type { Readiness } from '../linux/readiness.ts';
import type { HostGraph } from './host-graph.ts';
import type { InterfaceGraph } from './interface-graph.ts';
import { NamespaceReader, type ReaderCounters } from './namespace-reader.ts';
import { NamespaceTable } from './namespace-table.ts';
import type { OpenNamespace } from './open-namespace.ts';
import { TableReader, type Tables } from './table-reader.ts';

/** Who a namespace is; `path` may change while it is open. */
export interface NamespaceIdentity {
  /** Same namespace, same key. */
  readonly key: string;
  readonly nodeId: string;
  readonly tid: string;
  name: string;
  path: string | null;
  /** An open file of the namespace, kept open as long as this is. */
  readonly fd: number;
}

/** Namespaces read one after the other before others get a turn. */
const NAMESPACES_PER_TURN = 16;
/** … and interfaces whose drivers are asked: about 4 ms. */
const DRIVERS_PER_TURN = 256;

const NO_TABLE = new NamespaceTable();

class Kept implements OpenNamespace {
  readonly identity: NamespaceIdentity;
  readonly #set: NamespaceSet;
  reader: NamespaceReader | undefined;
  tables: TableReader | undefined;
  retry: NodeJS.Timeout | undefined;
  failing = false;
  retryMs: number = timings.netnsRetryMs;

  constructor(identity: NamespaceIdentity, set: NamespaceSet) {
    this.identity = identity;
    this.#set = set;
  }

  get key(): string {
    return this.identity.key;
  }

  get nodeId(): string {
    return this.identity.nodeId;
  }

  get tid(): string {
    return this.identity.tid;
  }

  get name(): string {
    return this.identity.name;
  }

  get path(): string | null {
    return this.identity.path;
  }

  get table(): NamespaceTable {
    return this.reader?.table ?? NO_TABLE;
  }

  get socketFd(): number {
    return this.reader?.socketFd ?? -1;
  }

  refresh(index: number): void {
    this.#set.attempt(this, (reader) => reader.refresh(index));
  }

  numberOf(other: OpenNamespace): number | undefined {
    return this.#set.numberOf(this, other.key);
  }

  neighbour(netnsId: number): OpenNamespace | undefined {
    return this.#set.neighbourOf(this, netnsId);
  }
}

export class NamespaceSet {
  readonly counters: ReaderCounters & { failures: number; tableEntriesCut: number } = {
    messages: 0,
    readings: 0,
    overruns: 0,
    failures: 0,
    tableEntriesCut: 0,
  };
  lastError: string | null = null;
  readonly #readiness: Readiness;
  readonly #interfaces: InterfaceGraph;
  readonly #owners: HostGraph;
  readonly #log: (line: string) => void;
  readonly #kept = new Map<string, Kept>();
  #ticking = false;

  /** `owners`: the graph that has the nodes of the namespaces themselves. */
  constructor(
    readiness: Readiness,
    interfaces: InterfaceGraph,
    owners: HostGraph,
    log: (line: string) => void,
  ) {
    this.#readiness = readiness;
    this.#interfaces = interfaces;
    this.#owners = owners;
    this.#log = log;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Reads the namespace from now on; its interfaces are in the graph afterwards. Throws LinuxError when it cannot. */
  open(identity: NamespaceIdentity): void {
    const kept = new Kept(identity, this);
    this.#start(kept);
    this.#kept.set(identity.key, kept);
    this.#publish(kept);
  }

  /** Removes its interfaces. The identity's file is the caller's to close. */
  close(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    clearTimeout(kept.retry);
    this.#kept.delete(key);
    this.#stop(kept);
    for (const other of this.#kept.values()) other.reader?.forgetNamespace(key);
    this.#interfaces.namespaceLeft(kept);
    this.#interfaces.settle();
  }

  /** Those that can be entered; the path is good as long as the namespace is open here. */
  *entries(): Generator<{ readonly nodeId: string; readonly entry: string | null }> {
    for (const kept of this.#kept.values())
      if (kept.reader !== undefined) yield { nodeId: kept.nodeId, entry: entryOf(kept) };
  }

  /** Interfaces elsewhere name it. */
  renamed(key: string): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined) this.#interfaces.namespaceLeft(kept);
  }

  closeAll(): void {
    for (const kept of this.#kept.values()) {
      clearTimeout(kept.retry);
      this.#closeReaders(kept);
    }
    this.#kept.clear();
  }

  /** Reads everything anew: counters, and whatever the events missed. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      let count = 0;
      for (const kept of this.#kept.values()) {
        if (this.attempt(kept, (reader) => reader.read())) {
          this.#interfaces.apply(kept);
          this.#interfaces.tick(kept);
          kept.tables?.hint();
          await this.#refreshFacts(kept);
        }
        if (++count % NAMESPACES_PER_TURN === 0) await new Promise(setImmediate);
      }
      this.#interfaces.settle();
    } finally {
      this.#ticking = false;
    }
  }

  async #refreshFacts(kept: Kept): Promise<void> {
    const indexes = [...kept.table.indexes()];
    for (let from = 0; from < indexes.length && !kept.failing && this.#kept.get(kept.key) === kept;) {
      this.#interfaces.refreshFacts(kept, indexes.slice(from, from + DRIVERS_PER_TURN));
      from += DRIVERS_PER_TURN;
      if (from < indexes.length) await new Promise(setImmediate);
    }
  }

  /**
   * Does something with the reader. A failure closes it and starts the retries, but not under the feet of a caller
   * who is in the middle of its interfaces. False: it was not done.
   */
  attempt(kept: Kept, action: (reader: NamespaceReader) => void): boolean {
    if (kept.reader === undefined || kept.failing) return false;
    try {
      action(kept.reader);
      return true;
    } catch (error) {
      kept.failing = true;
      setImmediate(() => this.#fail(kept, error));
      return false;
    }
  }

  numberOf(kept: Kept, otherKey: string): number | undefined {
    const other = this.#kept.get(otherKey);
    let id: number | undefined;
    if (other !== undefined)
      this.attempt(kept, (reader) => {
        id = reader.netnsIdOf(other.key, other.identity.fd);
      });
    return id;
  }

  neighbourOf(kept: Kept, netnsId: number): Kept | undefined {
    if (netnsId < 0) return undefined;
    const known = kept.reader?.netnsKeyOf(netnsId);
    if (known !== undefined) return this.#kept.get(known);
    // The probe's own is first in the map, and by far the likeliest.
    for (const key of this.#kept.keys()) if (this.numberOf(kept, key) === netnsId) return this.#kept.get(key);
    return undefined;
  }

  #start(kept: Kept): void {
    const onFailure = (error: unknown): void => {
      kept.failing = true;
      this.#fail(kept, error);
    };
    const onChange = (): void => {
      this.#publish(kept, false);
      kept.tables?.hint();
    };
    const onTables = (tables: Tables): void => {
      this.#interfaces.setTables(kept, tables.byIndex);
      this.#owners.setOverlay(kept.nodeId, 'RoutingRules', tables.rules ?? null);
      this.#interfaces.settle();
    };
    const entry = entryOf(kept);
    try {
      kept.reader = new NamespaceReader(entry, this.#readiness, { onChange, onFailure }, this.counters);
      kept.reader.read();
      kept.tables = new TableReader(entry, this.#readiness, { onTables, onFailure }, this.counters);
      kept.tables.read();
    } catch (error) {
      this.#closeReaders(kept);
      throw error;
    }
    kept.failing = false;
    kept.retryMs = timings.netnsRetryMs;
  }

  #publish(kept: Kept, isNew = true): void {
    this.#interfaces.apply(kept);
    if (isNew) this.#interfaces.namespaceJoined(kept);
    this.#interfaces.settle();
  }

  #stop(kept: Kept): void {
    this.#interfaces.removeNamespace(kept);
    this.#closeReaders(kept);
  }

  #closeReaders(kept: Kept): void {
    kept.reader?.close();
    kept.tables?.close();
    kept.reader = undefined;
    kept.tables = undefined;
  }

  #fail(kept: Kept, error: unknown): void {
    if (this.#kept.get(kept.key) !== kept) return;
    this.counters.failures++;
    this.lastError = `${kept.path ?? 'own namespace'}: ${messageOf(error)}`;
    this.#log(`topology: reading ${this.lastError}; trying again`);
    this.#stop(kept);
    this.#owners.setOverlay(kept.nodeId, 'RoutingRules', null);
    this.#retryLater(kept);
  }

  #retryLater(kept: Kept): void {
    kept.retryMs = Math.min(kept.retryMs * 2, timings.netnsRetryMaxMs);
    kept.retry = setTimeout(() => {
      try {
        this.#start(kept);
      } catch (error) {
        this.lastError = messageOf(error);
        this.#retryLater(kept);
        return;
      }
      this.#publish(kept);
    }, kept.retryMs);
  }
}

/** Its files may go, or one take the name of another, before we enter again; what we hold open is it. */
function entryOf({ path, identity }: Kept): string | null {
  return path === null ? null : `/proc/self/fd/${identity.fd}`;
}
