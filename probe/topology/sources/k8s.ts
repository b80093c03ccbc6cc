/**
 * A Kubernetes cluster as its API server tells it: each kind is listed, then watched. To be told to one probe of the
 * cluster, because what it shows is the cluster's and not a host's. A kind that this account may not see, or that
 * the server does not have, is complained of and left out.
 */
import { setTimeout } from 'node:timers/promises';
import type { GraphEvent, Json, Metadata } from '../../../core/graph/element.ts';
import { limits, timings } from '../../../core/limits.ts';
import { textOf } from './json-read.ts';
import { K8sApi, K8sRefusal } from './k8s-api.ts';
import { readCluster } from './k8s-credentials.ts';
import { KINDS, type Kind } from './k8s-kinds.ts';
import { K8sPicture, uidOf } from './k8s-picture.ts';
import { Soon } from './soon.ts';
import type { SourceHost, TopologySource } from './source.ts';

const GONE = 410;
const RELIST_AFTER_MS = 1_000;

export class K8sSource implements TopologySource {
  readonly #places: readonly string[];
  #version = '';
  #changes = 0;
  #objects = 0;

  constructor(places: readonly string[]) {
    this.#places = places;
  }

  status(): Record<string, Json> {
    return { version: this.#version, objects: this.#objects, changes: this.#changes };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const cluster = readCluster(this.#places, process.env);
    const api = new K8sApi(cluster, signal);
    try {
      this.#version = textOf((await api.get('/version'))['gitVersion']);
      const store = new Store(api, host, signal);
      const show = (): void => {
        this.#objects = store.size;
        host.show(new K8sPicture(host, store.objects, cluster.name).make());
      };
      const shown = new Soon(show, signal, timings.sourceSettleMs);
      const versions = await Promise.all(KINDS.map((kind) => store.list(kind)));
      show();
      host.onGraph((events) => {
        if (events.some(isContainer)) shown.ask();
      });
      const onChange = (): void => {
        this.#changes++;
        shown.ask();
      };
      const watches = KINDS.map((kind, i) => store.follow(kind, versions[i], onChange));
      await Promise.race([shown.failed, Promise.all(watches)]);
      // Nothing may be watched by this account: then it is looked at again later.
    } finally {
      api.close();
    }
  }
}

/** The containers of pods are joined to those of an engine on this host. */
function isContainer(event: GraphEvent): boolean {
  if (event.kind !== 'nodeAdded' && event.kind !== 'nodeDeleted') return false;
  return event.node.metadata['Type'] === 'container' && event.node.metadata['Manager'] !== 'k8s';
}

class Store {
  readonly objects = new Map<string, Map<string, Metadata>>();
  readonly #api: K8sApi;
  readonly #host: SourceHost;
  readonly #signal: AbortSignal;

  constructor(api: K8sApi, host: SourceHost, signal: AbortSignal) {
    this.#api = api;
    this.#host = host;
    this.#signal = signal;
  }

  get size(): number {
    let size = 0;
    for (const objects of this.objects.values()) size += objects.size;
    return size;
  }

  /** The version at which the list was true; undefined = this kind cannot be had. */
  async list({ type, path }: Kind): Promise<string | undefined> {
    try {
      const { items, version } = await this.#api.list(path, limits.k8sObjectsMax);
      this.objects.set(type, new Map());
      for (const item of items) this.#put(type, item);
      return version;
    } catch (error) {
      if (!(error instanceof K8sRefusal) || (error.status !== 403 && error.status !== 404)) throw error;
      this.#host.complain(`${type}: ${error.message}`);
      return undefined;
    }
  }

  /** Until something fails; returns at once when the kind cannot be had. */
  async follow(kind: Kind, from: string | undefined, onChange: () => void): Promise<void> {
    let version = from;
    while (version !== undefined) {
      try {
        for await (const { kind: change, object } of this.#api.watch(kind.path, version)) {
          if (change === 'put') this.#put(kind.type, object);
          else this.objects.get(kind.type)?.delete(uidOf(object));
          onChange();
        }
      } catch (error) {
        if (!(error instanceof K8sRefusal) || error.status !== GONE) throw error;
        // The list is dear for the server, so one that forgets at once is asked with a pause.
        await setTimeout(RELIST_AFTER_MS, undefined, { signal: this.#signal });
        version = await this.list(kind);
        onChange();
      }
    }
  }

  #put(type: string, object: Metadata): void {
    const uid = uidOf(object);
    const objects = this.objects.get(type)!;
    if (uid === '') this.#host.complain(`a ${type} without a UID`);
    else if (objects.has(uid) || this.size < limits.k8sObjectsMax) objects.set(uid, object);
    else this.#host.complain(`more than ${limits.k8sObjectsMax} objects`);
  }
}
