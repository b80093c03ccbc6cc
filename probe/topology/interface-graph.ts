/**
 * From the tables of all namespaces to interface nodes, their ownership and the edges between them. One interface is
 * known by `<namespace key>/<index>`; its node id is stable as long as the machine is up.
 *
 * An interface that vanishes between the kernel's word of it and our question to its driver is counted, and read
 * anew by its index: what became of it is then known at once, whether it went or was only renamed.
 */
import type { Metadata } from '../../core/graph/element.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { tidOf } from '../../core/ids.ts';
import { isSameDriver, NO_DRIVER, readDriver, type DriverFacts } from '../linux/ethtool.ts';
import { readVirtualFunctions } from '../linux/sriov.ts';
import type { HostGraph } from './host-graph.ts';
import { interfaceMetadata, interfaceType } from './interface-metadata.ts';
import { LinkJoiner } from './link-joiner.ts';
import { InterfaceMetrics } from './interface-metrics.ts';
import { FLAG_UP, encapTypeName } from './link-names.ts';
import { addressKeyOf, keyOf, type OpenNamespace } from './open-namespace.ts';
import { ReverseIndex } from './reverse-index.ts';
import type { Link } from './rtnetlink/link.ts';
import { SriovIndex } from './sriov-index.ts';
import { namingOf } from './wishes.ts';

/** What captures need of an interface. */
export interface InterfaceHandle {
  readonly nodeId: string;
  /** null: the probe's own namespace. */
  readonly netnsPath: string | null;
  readonly name: string;
  readonly ifIndex: number;
  readonly tid: string;
  readonly encapType: string;
  readonly type: string;
  /** Administratively up. */
  readonly up: boolean;
}

interface Entry {
  readonly namespace: OpenNamespace;
  readonly nodeId: string;
  /** Kept over renames, as in the reference: flows already point to it. */
  readonly tid: string;
  link: Link;
  driver: DriverFacts;
  readonly metrics: InterfaceMetrics;
  /** The edge from the owner. */
  ownership: string | undefined;
}

/** What the graph asks of the machine; tests give their own. */
export interface MachineFacts {
  readonly driver: typeof readDriver;
  readonly virtualFunctions: typeof readVirtualFunctions;
}

const MACHINE: MachineFacts = { driver: readDriver, virtualFunctions: readVirtualFunctions };

const UNKNOWN = '';

/** One change leads to another reading at most this often: news about a peer makes the peer be read. */
const SETTLE_ROUNDS_MAX = 4;

export class InterfaceGraph {
  readonly #host: HostGraph;
  readonly #idOf: (namespaceKey: string, index: number) => string;
  readonly #nowMs: () => number;
  readonly #log: (line: string) => void;
  readonly #machine: MachineFacts;
  readonly #joiner: LinkJoiner;
  readonly #entries = new Map<string, Entry>();
  readonly #keyOfNode = new Map<string, string>();
  /** Interfaces whose parent or peer is in another namespace, by that one's key; "" = one that we do not read. */
  readonly #crossing = new ReverseIndex();
  /** Tunnels that are carried by whoever has their address. */
  readonly #byAddress = new ReverseIndex();
  readonly #functions: SriovIndex;
  /** Routes and neighbours, by interface; kept apart because they arrive apart. */
  readonly #tables = new Map<string, ReadonlyMap<number, Metadata>>();
  #stale = new Set<string>();
  #vanished = 0;

  constructor(
    host: HostGraph,
    idOf: (namespaceKey: string, index: number) => string,
    nowMs: () => number,
    log: (line: string) => void,
    machine: MachineFacts = MACHINE,
  ) {
    this.#host = host;
    this.#idOf = idOf;
    this.#nowMs = nowMs;
    this.#log = log;
    this.#machine = machine;
    this.#functions = new SriovIndex(machine.virtualFunctions);
    this.#joiner = new LinkJoiner({
      putEdge: (parent, child, metadata) => host.putEdge(parent, child, metadata),
      removeEdge: (id) => host.removeEdge(id),
    });
  }

  /** Interfaces that were gone when their driver was asked. */
  get vanished(): number {
    return this.#vanished;
  }

  get count(): number {
    return this.#entries.size;
  }

  interfaceOf(nodeId: string): InterfaceHandle | undefined {
    const entry = this.#entries.get(this.#keyOfNode.get(nodeId) ?? '');
    if (entry === undefined) return undefined;
    const { link, driver, namespace, tid } = entry;
    return {
      nodeId,
      netnsPath: namespace.path,
      name: link.name,
      ifIndex: link.index,
      tid,
      encapType: encapTypeName(link.hardwareType),
      type: interfaceType(link, driver),
      up: (link.flags & FLAG_UP) !== 0,
    };
  }

  /** Takes what changed in the namespace's table. `settle` is due afterwards. */
  apply(namespace: OpenNamespace): void {
    const { links, details, owned } = namespace.table.takeChanges();
    for (const index of links) {
      const link = namespace.table.link(index);
      if (link === undefined) this.#remove(keyOf(namespace, index));
      else this.#put(namespace, link, this.#driverOf(namespace, link));
    }
    for (const index of details) if (!links.has(index)) this.#update(keyOf(namespace, index));
    for (const address of owned)
      for (const key of this.#byAddress.keysOf(addressKeyOf(namespace, address))) this.#update(key);
  }

  /** Brings edges in line; ends whose word may be old are read anew. */
  settle(): void {
    for (let round = 0; round < SETTLE_ROUNDS_MAX; round++) {
      this.#joiner.settle();
      if (this.#stale.size === 0) return;
      const stale = this.#stale;
      this.#stale = new Set();
      for (const key of stale) {
        const entry = this.#entries.get(key);
        if (entry === undefined) continue;
        entry.namespace.refresh(entry.link.index);
        this.apply(entry.namespace);
      }
    }
    this.#joiner.settle();
  }

  /** Routes and neighbours of the namespace's interfaces, by index; whoever is not in it has none. */
  setTables(namespace: OpenNamespace, tables: ReadonlyMap<number, Metadata>): void {
    const before = this.#tables.get(namespace.key);
    this.#tables.set(namespace.key, tables);
    for (const index of new Set([...(before?.keys() ?? []), ...tables.keys()]))
      if (!jsonEquals(before?.get(index), tables.get(index))) this.#update(keyOf(namespace, index));
  }

  /** Removes the interfaces of a namespace that is no longer read. */
  removeNamespace(namespace: OpenNamespace): void {
    for (const [key, entry] of this.#entries) if (entry.namespace === namespace) this.#remove(key);
    this.#tables.delete(namespace.key);
  }

  /** Interfaces elsewhere may have their parent or peer in this namespace, which is read from now on. */
  namespaceJoined(namespace: OpenNamespace): void {
    for (const key of this.#crossing.keysOf(UNKNOWN)) {
      const entry = this.#entries.get(key);
      if (entry?.link.parentNetnsId === undefined) continue;
      if (entry.namespace.numberOf(namespace) === entry.link.parentNetnsId) this.#update(key);
    }
  }

  namespaceLeft(namespace: OpenNamespace): void {
    for (const key of this.#crossing.keysOf(namespace.key)) this.#update(key);
  }

  /** Counters into Metric and LastUpdateMetric, from a table that was just read. */
  tick(namespace: OpenNamespace): void {
    const now = this.#nowMs();
    for (const index of namespace.table.indexes()) {
      const entry = this.#entries.get(keyOf(namespace, index));
      const counters = namespace.table.link(index)?.counters;
      if (entry === undefined || counters === undefined) continue;
      if (entry.metrics.tick(counters, now)) this.#update(keyOf(namespace, index));
    }
  }

  /**
   * What the kernel changes without a word: a driver's answers, virtual functions; and interfaces for which there
   * was no room. About 15 µs an interface.
   */
  refreshFacts(namespace: OpenNamespace, indexes: readonly number[]): void {
    for (const index of indexes) {
      const link = namespace.table.link(index);
      if (link === undefined) continue;
      const driver = this.#driverOf(namespace, link);
      const known = this.#entries.get(keyOf(namespace, index))?.driver;
      if (known === undefined || !isSameDriver(known, driver)) this.#put(namespace, link, driver);
    }
    this.#joiner.retry();
  }

  #driverOf(namespace: OpenNamespace, link: Link): DriverFacts {
    const driver = this.#machine.driver(namespace.socketFd, link.name);
    if (driver !== undefined) return driver;
    if (this.#vanished++ === 0)
      this.#log(
        `topology: ${link.name} was gone before its driver could be asked; it is read anew, and further ones are only counted`,
      );
    this.#stale.add(keyOf(namespace, link.index));
    return NO_DRIVER;
  }

  #put(namespace: OpenNamespace, link: Link, driver: DriverFacts): void {
    const key = keyOf(namespace, link.index);
    const { functions, card } = this.#functions.place(key, driver.busInfo);
    for (const other of functions) this.#update(other);
    if (card !== undefined) this.#stale.add(card);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.link = link;
      known.driver = driver;
      this.#update(key);
      return;
    }
    const nodeId = this.#idOf(namespace.key, link.index);
    const entry: Entry = {
      namespace,
      nodeId,
      tid: tidOf(namespace.tid, link.name, interfaceType(link, driver)),
      link,
      driver,
      metrics: new InterfaceMetrics(link.counters, this.#nowMs()),
      ownership: undefined,
    };
    this.#entries.set(key, entry);
    this.#keyOfNode.set(nodeId, key);
    this.#update(key);
    entry.ownership = this.#host.putEdge(namespace.nodeId, nodeId, { RelationType: 'ownership' });
  }

  #update(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const { namespace, link, driver, nodeId } = entry;
    const type = interfaceType(link, driver);
    const parentNamespace = this.#parentNamespace(key, entry);
    const functionOf = this.#functions.functionAt(driver.busInfo);
    const added = this.#host.putNode(
      nodeId,
      interfaceMetadata({
        link,
        driver,
        port: namespace.table.port(link.index),
        vfId: functionOf?.vfId,
        ipv4: namespace.table.addresses(link.index, 4),
        ipv6: namespace.table.addresses(link.index, 6),
        parentNetnsName: link.parentNetnsId === undefined ? undefined : parentNamespace?.name,
        metric: entry.metrics.metric,
        lastUpdateMetric: entry.metrics.lastUpdate,
        tables: this.#tables.get(namespace.key)?.get(link.index),
        tid: entry.tid,
      }),
    );
    // No room: forgotten, so that it is tried again when the interface changes, and at ticks.
    if (!added) {
      this.#remove(key);
      return;
    }
    const { wishes, byAddress } = namingOf(link, type, namespace, parentNamespace);
    this.#byAddress.set(
      key,
      byAddress === undefined ? undefined : addressKeyOf(parentNamespace ?? namespace, byAddress),
    );
    this.#joiner.set(key, {
      nodeId,
      ifIndex: link.index,
      name: link.name,
      wishes: functionOf === undefined ? wishes : [...wishes, { kind: 'vf', target: functionOf.key }],
    });
    const peer = this.#joiner.disagreeingPeer(key);
    if (peer !== undefined) this.#stale.add(peer);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#keyOfNode.delete(entry.nodeId);
    this.#crossing.set(key, undefined);
    this.#byAddress.set(key, undefined);
    for (const other of this.#functions.remove(key)) this.#update(other);
    for (const wisher of this.#joiner.wishersOf(key)) this.#stale.add(wisher);
    this.#joiner.delete(key);
    // In the reference's order: the owner's edge, the others, the node (topology notes, section 5).
    if (entry.ownership !== undefined) this.#host.removeEdge(entry.ownership);
    this.#host.removeNode(entry.nodeId);
  }

  /** Where the parent or peer is; undefined = in a namespace that we do not read. */
  #parentNamespace(key: string, entry: Entry): OpenNamespace | undefined {
    const { parentNetnsId } = entry.link;
    const found = parentNetnsId === undefined ? entry.namespace : entry.namespace.neighbour(parentNetnsId);
    this.#crossing.set(key, parentNetnsId === undefined ? undefined : (found?.key ?? UNKNOWN));
    return found;
  }
}
