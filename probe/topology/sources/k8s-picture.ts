/**
 * From Kubernetes objects to what the graph shows (topology notes, section 17): the cluster owns namespaces and what
 * belongs to none, a namespace owns the rest, a pod its containers; other edges carry the type of the first as their
 * relation.
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { uuidV5 } from '../../../core/ids.ts';
import { listOf, normalised, objectOf, textOf, textsIn } from './json-read.ts';
import { KINDS, specOf, statusOf, type Kind } from './k8s-kinds.ts';
import type { OwnEdge, OwnNode, Picture, SourceHost } from './source.ts';

/** Objects of a kind by UID. */
export type Objects = ReadonlyMap<string, ReadonlyMap<string, Metadata>>;

/** Who makes whom, by the references that objects carry. */
const MAKERS: readonly (readonly [string, string])[] = [
  ['deployment', 'replicaset'],
  ['daemonset', 'pod'],
  ['replicaset', 'pod'],
  ['statefulset', 'pod'],
];

export function aboutOf(object: Metadata): Metadata {
  return objectOf(object['metadata']);
}

export function uidOf(object: Metadata): string {
  return textOf(aboutOf(object)['uid']);
}

export class K8sPicture {
  readonly #host: SourceHost;
  readonly #objects: Objects;
  readonly #clusterName: string;
  readonly #clusterId: string;
  readonly #nodes: OwnNode[] = [];
  readonly #edges: OwnEdge[] = [];
  /** `type/namespace/name` → UID. */
  readonly #byName = new Map<string, string>();
  /** Of container engines on this host, by the engine's id → node. */
  readonly #containers = new Map<string, string>();

  constructor(host: SourceHost, objects: Objects, clusterName: string) {
    this.#host = host;
    this.#objects = objects;
    this.#clusterName = clusterName;
    this.#clusterId = uuidV5(['k8s', 'cluster', clusterName].join('/'));
    for (const { id, metadata } of host.graph.nodesWith?.('Type', 'container') ?? []) {
      const containerId = textOf(objectOf(metadata['Container'])['ID']);
      if (containerId !== '') this.#containers.set(containerId, id);
    }
  }

  make(): Picture {
    for (const { type } of KINDS)
      for (const [uid, object] of this.#of(type)) this.#byName.set(nameKey(type, object), uid);
    this.#nodes.push({
      id: this.#clusterId,
      owner: { kind: 'nobody' },
      metadata: { ...this.#metadata('cluster', this.#clusterName, {}), TID: this.#clusterId },
    });
    for (const kind of KINDS)
      for (const [uid, object] of this.#of(kind.type)) this.#object(kind, uid, object);
    for (const [uid, pod] of this.#of('pod')) this.#pod(uid, pod);
    for (const [uid, service] of this.#of('service')) this.#service(uid, service);
    for (const [uid, ingress] of this.#of('ingress')) this.#ingress(uid, ingress);
    for (const [uid, claim] of this.#of('persistentvolumeclaim')) this.#storage(uid, claim, true);
    for (const [uid, volume] of this.#of('persistentvolume')) this.#storage(uid, volume, false);
    for (const [uid, node] of this.#of('node')) this.#node(uid, node);
    for (const [maker, made] of MAKERS) this.#makers(maker, made);
    return { nodes: this.#nodes, edges: this.#edges, keys: new Map() };
  }

  #of(type: string): ReadonlyMap<string, Metadata> {
    return this.#objects.get(type) ?? new Map();
  }

  #find(type: string, namespace: Json | undefined, name: Json | undefined): string | undefined {
    return this.#byName.get(`${type}/${textOf(namespace)}/${textOf(name)}`);
  }

  #metadata(type: string, name: string, fields: Metadata): Metadata {
    return {
      Name: name,
      Type: type,
      Manager: 'k8s',
      ClusterName: this.#clusterName,
      K8s: { Name: name, ...fields },
    };
  }

  #object(kind: Kind, uid: string, object: Metadata): void {
    const about = aboutOf(object);
    const namespace = textOf(about['namespace']);
    const labels = normalised(textsIn(about['labels']));
    const owner = namespace === '' ? this.#clusterId : this.#find('namespace', '', namespace);
    this.#nodes.push({
      id: uid,
      owner: { kind: 'node', id: owner ?? this.#clusterId },
      metadata: {
        ...this.#metadata(kind.type, textOf(about['name']) || uid, {
          ...(namespace === '' ? {} : { Namespace: namespace }),
          ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
          ...kind.fields(object),
        }),
        ...(kind.isUp === undefined ? {} : { State: kind.isUp(object) ? 'UP' : 'DOWN' }),
      },
    });
  }

  #pod(uid: string, pod: Metadata): void {
    const { namespace, name } = aboutOf(pod);
    const spec = specOf(pod);
    this.#edge('node', this.#find('node', '', spec['nodeName']), uid);
    for (const volume of listOf(spec['volumes'])) {
      const claim = objectOf(objectOf(volume)['persistentVolumeClaim'])['claimName'];
      if (claim !== undefined) this.#edge('pod', uid, this.#find('persistentvolumeclaim', namespace, claim));
    }
    const statuses = listOf(statusOf(pod)['containerStatuses']).map((each) => objectOf(each));
    for (const each of listOf(spec['containers'])) {
      const container = objectOf(each);
      const containerName = textOf(container['name']);
      const status = statuses.find((one) => one['name'] === containerName);
      const [runtime, containerId] = textOf(status?.['containerID']).split('://');
      const id = uuidV5([uid, containerName].join('/'));
      this.#nodes.push({
        id,
        owner: { kind: 'node', id: uid },
        metadata: this.#metadata('container', containerName || id, {
          Namespace: textOf(namespace),
          Pod: textOf(name),
          Image: textOf(container['image']),
          ...(containerId === undefined ? {} : { Runtime: runtime!, ContainerID: containerId }),
        }),
      });
      this.#edge('container', id, this.#containers.get(containerId ?? ''));
    }
  }

  /** An empty selector selects nothing. */
  #service(uid: string, service: Metadata): void {
    const { namespace, name } = aboutOf(service);
    this.#edge('service', uid, this.#find('endpoints', namespace, name));
    const selector = Object.entries(textsIn(specOf(service)['selector']));
    if (selector.length === 0) return;
    for (const [pod, object] of this.#of('pod')) {
      const about = aboutOf(object);
      const labels = objectOf(about['labels']);
      if (about['namespace'] === namespace && selector.every(([key, value]) => labels[key] === value))
        this.#edge('service', uid, pod);
    }
  }

  #ingress(uid: string, ingress: Metadata): void {
    const { namespace } = aboutOf(ingress);
    const spec = specOf(ingress);
    const paths = listOf(spec['rules']).flatMap((rule) => listOf(objectOf(objectOf(rule)['http'])['paths']));
    const backends = [spec['defaultBackend'], ...paths.map((path) => objectOf(path)['backend'])];
    for (const backend of backends) {
      const service = objectOf(objectOf(backend)['service'])['name'];
      if (service !== undefined) this.#edge('ingress', uid, this.#find('service', namespace, service));
    }
  }

  #storage(uid: string, object: Metadata, isClaim: boolean): void {
    const spec = specOf(object);
    this.#edge('storageclass', this.#find('storageclass', '', spec['storageClassName']), uid);
    if (isClaim)
      this.#edge('persistentvolumeclaim', uid, this.#find('persistentvolume', '', spec['volumeName']));
  }

  /** The host that this probe runs on is known by its name; other hosts are other probes'. */
  #node(uid: string, node: Metadata): void {
    const host = this.#host.graph.node(this.#host.nodeId)?.metadata;
    const names = [textOf(host?.['Hostname']), textOf(host?.['Name'])];
    const hostname = textOf(KINDS.find(({ type }) => type === 'node')!.fields(node)['Hostname']);
    if (hostname !== '' && names.includes(hostname)) this.#edge('node', this.#host.nodeId, uid);
  }

  #makers(maker: string, made: string): void {
    const makers = this.#of(maker);
    for (const [uid, object] of this.#of(made))
      for (const reference of listOf(aboutOf(object)['ownerReferences'])) {
        const parent = textOf(objectOf(reference)['uid']);
        if (makers.has(parent)) this.#edge(maker, parent, uid);
      }
  }

  #edge(relation: string, parent: string | undefined, child: string | undefined): void {
    if (parent === undefined || child === undefined) return;
    this.#edges.push({ parent, child, metadata: { RelationType: relation, Manager: 'k8s' } });
  }
}

function nameKey(type: string, object: Metadata): string {
  const { namespace, name } = aboutOf(object);
  return `${type}/${textOf(namespace)}/${textOf(name)}`;
}
