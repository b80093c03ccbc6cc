/**
 * From the tables of all namespaces to interface nodes, their ownership and their layer2 edges. One interface is
 * known by `<namespace key>/<index>`; its node id is stable as long as the machine is up.
 */
import type { Metadata } from '../../core/graph/element.ts';
import { jsonEquals } from '../../core/graph/metadata.ts';
import { tidOf } from '../../core/ids.ts';
import { readDriver, type DriverFacts } from '../linux/ethtool.ts';
import type { HostGraph } from './host-graph.ts';
import { interfaceMetadata, interfaceType } from './interface-metadata.ts';
import { LinkJoiner, type Wish } from './link-joiner.ts';
import { FLAG_UP, encapTypeName } from './link-names.ts';
import type { Link } from './rtnetlink/link.ts';
import { countersSince, metricOf, type Counters } from './rtnetlink/link-stats.ts';
import type { NamespaceTable } from './namespace-table.ts';

/** A namespace that is being read. */
export interface OpenNamespace {
  readonly key: string;
  /** Of the node that owns its interfaces: the host's or the namespace's. */
  readonly nodeId: string;
  readonly tid: string;
  /** "" for the probe's own. */
  readonly name: string;
  /** null for the probe's own. */
  readonly path: string | null;
  readonly table: NamespaceTable;
  /** For ioctls inside. */
  readonly socketFd: number;
  /** Reads one interface anew. Never throws. */
  refresh(index: number): void;
  /** The number that another namespace has here; undefined = none. Never throws. */
  numberOf(other: OpenNamespace): number | undefined;
  /** The namespace that has this number here; undefined = not one that we read. Never throws. */
  neighbour(netnsId: number): OpenNamespace | undefined;
}

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
  metric: Metadata;
  lastUpdateMetric: Metadata | undefined;
  /** Counters and time of the last tick, or of the first sight. */
  tickCounters: Counters | undefined;
  tickAtMs: number;
  /** Where it stands in `#crossing`. */
  crossesTo: string | undefined;
}

const UNKNOWN = '';

/** One change leads to another reading at most this often: news about a peer makes the peer be read. */
const SETTLE_ROUNDS_MAX = 4;

export class InterfaceGraph {
  readonly #host: HostGraph;
  readonly #idOf: (namespaceKey: string, index: number) => string;
  readonly #nowMs: () => number;
  readonly #joiner: LinkJoiner;
  readonly #entries = new Map<string, Entry>();
  readonly #keyOfNode = new Map<string, string>();
  /** Interfaces whose parent or peer is in another namespace, by that one's key; "" = one that we do not read. */
  readonly #crossing = new Map<string, Set<string>>();
  /** Routes and neighbours, by interface; kept apart because they arrive apart. */
  readonly #tables = new Map<string, ReadonlyMap<number, Metadata>>();
  #stale = new Set<string>();

  constructor(host: HostGraph, idOf: (namespaceKey: string, index: number) => string, nowMs: () => number) {
    this.#host = host;
    this.#idOf = idOf;
    this.#nowMs = nowMs;
    this.#joiner = new LinkJoiner({
      putEdge: (parent, child, metadata) => host.putEdge(parent, child, metadata),
      removeEdge: (id) => host.removeEdge(id),
    });
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
    const changes = namespace.table.takeChanges();
    for (const index of changes.links) {
      const link = namespace.table.link(index);
      if (link === undefined) this.#remove(keyOf(namespace, index));
      else this.#put(namespace, link, readDriver(namespace.socketFd, link.name));
    }
    for (const index of changes.addresses)
      if (!changes.links.has(index)) this.#update(keyOf(namespace, index));
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
    for (const key of this.#crossing.get(UNKNOWN) ?? []) {
      const entry = this.#entries.get(key);
      if (entry?.link.parentNetnsId === undefined) continue;
      if (entry.namespace.numberOf(namespace) === entry.link.parentNetnsId) this.#update(key);
    }
  }

  namespaceLeft(namespace: OpenNamespace): void {
    for (const key of this.#crossing.get(namespace.key) ?? []) this.#update(key);
  }

  /** Counters into Metric and LastUpdateMetric, from a table that was just read. */
  tick(namespace: OpenNamespace): void {
    const now = this.#nowMs();
    for (const index of namespace.table.indexes()) {
      const entry = this.#entries.get(keyOf(namespace, index));
      const counters = namespace.table.link(index)?.counters;
      if (entry === undefined || counters === undefined) continue;
      const added = countersSince(entry.tickCounters ?? counters, counters);
      if (added !== undefined) {
        entry.metric = { ...metricOf(counters), Last: now };
        entry.lastUpdateMetric = { ...metricOf(added), Start: entry.tickAtMs, Last: now };
        this.#update(keyOf(namespace, index));
      }
      entry.tickCounters = counters;
      entry.tickAtMs = now;
    }
  }

  #put(namespace: OpenNamespace, link: Link, driver: DriverFacts): void {
    const key = keyOf(namespace, link.index);
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
      metric: metricOf(link.counters ?? []),
      lastUpdateMetric: undefined,
      tickCounters: link.counters,
      tickAtMs: this.#nowMs(),
      crossesTo: undefined,
    };
    this.#entries.set(key, entry);
    this.#keyOfNode.set(nodeId, key);
    this.#update(key);
    this.#host.putEdge(namespace.nodeId, nodeId, { RelationType: 'ownership' });
  }

  #update(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const { namespace, link, driver, nodeId } = entry;
    const parentNamespace = this.#parentNamespace(key, entry);
    const added = this.#host.putNode(
      nodeId,
      interfaceMetadata({
        link,
        driver,
        ipv4: namespace.table.addresses(link.index, 4),
        ipv6: namespace.table.addresses(link.index, 6),
        parentNetnsName: link.parentNetnsId === undefined ? undefined : parentNamespace?.name,
        metric: entry.metric,
        lastUpdateMetric: entry.lastUpdateMetric,
        tables: this.#tables.get(namespace.key)?.get(link.index),
        tid: entry.tid,
      }),
    );
    // No room: forgotten, so that it is tried again when the interface changes.
    if (!added) {
      this.#remove(key);
      return;
    }
    const wishes = this.#wishesOf(entry, parentNamespace);
    this.#joiner.set(key, { nodeId, ifIndex: link.index, name: link.name, wishes });
    const peer = this.#joiner.disagreeingPeer(key);
    if (peer !== undefined) this.#stale.add(peer);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#keyOfNode.delete(entry.nodeId);
    this.#cross(key, entry, undefined);
    for (const wisher of this.#joiner.wishersOf(key)) this.#stale.add(wisher);
    this.#joiner.delete(key);
    this.#host.removeNode(entry.nodeId);
  }

  /** Where the parent or peer is; undefined = in a namespace that we do not read. */
  #parentNamespace(key: string, entry: Entry): OpenNamespace | undefined {
    const { parentNetnsId } = entry.link;
    const found = parentNetnsId === undefined ? entry.namespace : entry.namespace.neighbour(parentNetnsId);
    this.#cross(key, entry, parentNetnsId === undefined ? undefined : (found?.key ?? UNKNOWN));
    return found;
  }

  #cross(key: string, entry: Entry, to: string | undefined): void {
    if (entry.crossesTo === to) return;
    if (entry.crossesTo !== undefined) {
      const keys = this.#crossing.get(entry.crossesTo);
      keys?.delete(key);
      if (keys?.size === 0) this.#crossing.delete(entry.crossesTo);
    }
    entry.crossesTo = to;
    if (to === undefined) return;
    const keys = this.#crossing.get(to);
    if (keys === undefined) this.#crossing.set(to, new Set([key]));
    else keys.add(key);
  }

  #wishesOf(entry: Entry, parentNamespace: OpenNamespace | undefined): Wish[] {
    const { link, driver, namespace } = entry;
    const wishes: Wish[] = [];
    if (link.masterIndex !== 0) wishes.push({ kind: 'master', target: keyOf(namespace, link.masterIndex) });
    if (link.parentIndex === 0 || parentNamespace === undefined) return wishes;
    const target = keyOf(parentNamespace, link.parentIndex);
    if (link.kind === 'vlan') wishes.push({ kind: 'vlan', target });
    else if (interfaceType(link, driver) === 'veth') wishes.push({ kind: 'veth', target });
    return wishes;
  }
}

function keyOf(namespace: OpenNamespace, index: number): string {
  return `${namespace.key}/${index}`;
}
