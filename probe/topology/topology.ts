/**
 * Discovery of one host: its node, its interfaces and those of its network namespaces, kept true by kernel events.
 * Sources: `host-facts.ts` (the machine), `namespace-reader.ts` (rtnetlink, one namespace), `netns-files.ts` (which
 * namespaces there are). What changes goes out as events of the host graph (docs/design/discovery.md).
 */
import type { CaptureState } from '../../core/capture/capture.ts';
import type { GraphEvent, Json } from '../../core/graph/element.ts';
import type { Graph } from '../../core/graph/graph.ts';
import { messageOf } from '../../core/errors.ts';
import { tidOfHost, uuidV5 } from '../../core/ids.ts';
import { timings } from '../../core/limits.ts';
import { closeSync, openSync } from 'node:fs';
import { Readiness } from '../linux/readiness.ts';
import { readBootId, readHostFacts } from './host-facts.ts';
import { HostGraph } from './host-graph.ts';
import { InterfaceGraph, type InterfaceHandle } from './interface-graph.ts';
import { NamespaceSet } from './namespace-set.ts';
import { NetnsFiles } from './netns-files.ts';
import type { SourceSettings } from './sources/settings.ts';
import { Sources } from './sources/sources.ts';

export type { InterfaceHandle } from './interface-graph.ts';

export interface TopologyProbe {
  /** This host's graph; read it, never write to it. */
  readonly graph: Graph;
  /** Resolves after the first complete picture. Does not fail: what is missing on this host is in `status`. */
  start(): Promise<void>;
  /** Stops watching and closes everything; the graph stays as it was. */
  stop(): void;
  /** Told once per turn of the event loop, in order. */
  onChanges(listener: (events: readonly GraphEvent[]) => void): void;
  /** undefined: no such node, or not an interface. */
  interfaceOf(nodeId: string): InterfaceHandle | undefined;
  /** In any namespace. */
  interfacesNamed(name: string): readonly InterfaceHandle[];
  /** Metadata `Captures` of a node; an empty list removes the key. An unknown node is left alone. */
  setCaptureStates(nodeId: string, states: readonly CaptureState[]): void;
  /** A key of a node that captures learnt; null removes it. Nothing happens without the node. */
  setLearnt(nodeId: string, key: string, value: Json): void;
  /** Per source: state, last error, counters. */
  status(): Record<string, Json>;
}

export interface TopologyOptions {
  readonly hostId: string;
  /** Default: `/var/run/netns`. */
  readonly netnsDirs?: readonly string[];
  /** Default: `timings.metricsUpdateMs`. */
  readonly metricsUpdateMs?: number;
  /** What else is followed: container engines, switches, neighbours. Default: nothing. */
  readonly sources?: SourceSettings;
  readonly log: (line: string) => void;
}

const NETNS_FOLDERS = ['/var/run/netns'];
/** Where Docker keeps those of its containers and overlay networks. */
const DOCKER_NETNS_FOLDER = '/var/run/docker/netns';
const OWN_KEY = 'root';

export function createTopologyProbe(options: TopologyOptions): TopologyProbe {
  return new HostTopology(options);
}

class HostTopology implements TopologyProbe {
  readonly #options: TopologyOptions;
  readonly #host: HostGraph;
  readonly #interfaces: InterfaceGraph;
  readonly #hostNode: { readonly nodeId: string; readonly tid: string };
  #readiness: Readiness | undefined;
  #namespaces: NamespaceSet | undefined;
  #files: NetnsFiles | undefined;
  #sources: Sources | undefined;
  #ownFd: number | undefined;
  #tick: NodeJS.Timeout | undefined;
  #error: string | null = null;

  constructor(options: TopologyOptions) {
    const { hostId } = options;
    this.#options = options;
    this.#host = new HostGraph(hostId, Date.now, options.log);
    const bootId = readBootId();
    const idOf = (namespaceKey: string, index: number): string =>
      uuidV5([hostId, bootId, namespaceKey, index].join('/'));
    this.#interfaces = new InterfaceGraph(this.#host, idOf, Date.now, options.log);
    this.#hostNode = { nodeId: uuidV5(`${hostId}/host`), tid: tidOfHost(hostId) };
  }

  get graph(): Graph {
    return this.#host.graph;
  }

  start(): Promise<void> {
    const { hostId, log, netnsDirs = NETNS_FOLDERS, sources } = this.#options;
    const { nodeId, tid } = this.#hostNode;
    this.#host.putNode(nodeId, { ...readHostFacts(), Name: hostId, Type: 'host', TID: tid });
    try {
      this.#readiness = new Readiness();
      this.#namespaces = new NamespaceSet(this.#readiness, this.#interfaces, this.#host, log);
      this.#ownFd = openSync('/proc/thread-self/ns/net', 'r');
      this.#namespaces.open({ key: OWN_KEY, nodeId, tid, name: '', path: null, fd: this.#ownFd });
    } catch (error) {
      this.#error = `netlink unavailable: ${messageOf(error)}`;
      this.#readiness?.close();
      this.#namespaces = undefined;
      log(`topology: ${this.#error}; only the host is known`);
      this.#startSources();
      return Promise.resolve();
    }
    this.#files = new NetnsFiles({
      folders: sources?.has('docker') === true ? [...netnsDirs, DOCKER_NETNS_FOLDER] : netnsDirs,
      hostId,
      host: this.#hostNode,
      graph: this.#host,
      namespaces: this.#namespaces,
      log,
    });
    this.#files.start();
    this.#tick = setInterval(() => this.#onTick(), this.#options.metricsUpdateMs ?? timings.metricsUpdateMs);
    this.#startSources();
    return Promise.resolve();
  }

  #startSources(): void {
    const { hostId, log, sources } = this.#options;
    if (sources === undefined) return;
    this.#sources = new Sources(sources, {
      hostId,
      hostNode: this.#hostNode,
      graph: this.#host,
      files: this.#files,
      namespaces: this.#namespaces,
      readiness: this.#namespaces === undefined ? undefined : this.#readiness,
      interfaces: this.#interfaces,
      log,
    });
    this.#host.onChanges((events) => this.#sources?.graphChanged(events));
    this.#sources.start();
  }

  stop(): void {
    clearInterval(this.#tick);
    this.#sources?.stop();
    this.#namespaces?.closeAll();
    this.#files?.stop();
    this.#readiness?.close();
    if (this.#ownFd !== undefined) closeSync(this.#ownFd);
    this.#ownFd = undefined;
  }

  onChanges(listener: (events: readonly GraphEvent[]) => void): void {
    this.#host.onChanges(listener);
  }

  interfaceOf(nodeId: string): InterfaceHandle | undefined {
    return this.#interfaces.interfaceOf(nodeId);
  }

  interfacesNamed(name: string): readonly InterfaceHandle[] {
    return [...this.graph.nodesWith('Name', name)].flatMap(({ id }) => this.interfaceOf(id) ?? []);
  }

  setCaptureStates(nodeId: string, states: readonly CaptureState[]): void {
    const value = states.map((state): Json => ({ ...state }));
    this.#host.setOverlay(nodeId, 'Captures', value.length > 0 ? value : null);
  }

  setLearnt(nodeId: string, key: string, value: Json): void {
    this.#host.setOverlay(nodeId, key, value);
  }

  status(): Record<string, Json> {
    const namespaces = this.#namespaces;
    const files = this.#files;
    return {
      netlink: {
        state: namespaces === undefined ? 'error' : 'running',
        lastError: this.#error ?? namespaces?.lastError ?? null,
        namespacesRead: namespaces?.size ?? 0,
        interfaces: this.#interfaces.count,
        vanished: this.#interfaces.vanished,
        elementsRefused: this.#host.refused,
        ...namespaces?.counters,
      },
      netns: {
        state: files === undefined ? 'stopped' : files.denied === null ? 'running' : 'limited',
        lastError: files?.denied ?? files?.lastError ?? null,
        folders: files?.folders ?? [],
        namespaces: files?.count ?? 0,
        waiting: files?.waiting ?? 0,
        ...files?.counters,
      },
      ...this.#sources?.status(),
    };
  }

  #onTick(): void {
    this.#files?.scan();
    void this.#namespaces?.tick();
  }
}
