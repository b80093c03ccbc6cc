/**
 * The kinds of Kubernetes objects that are shown, where the API has them, and what of an object is said on its node
 * (topology notes, section 17). Secrets and config maps are not read: their contents would come along.
 */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { listOf, objectOf, textOf } from './json-read.ts';

export interface Kind {
  readonly type: string;
  readonly path: string;
  /** Under `K8s`, beside Name, Namespace, Labels. */
  fields(object: Metadata): Metadata;
  /** State UP or DOWN; undefined: such objects have none. */
  readonly isUp?: (object: Metadata) => boolean;
}

const CORE = '/api/v1';
const APPS = '/apis/apps/v1';
const BATCH = '/apis/batch/v1';
const NETWORKING = '/apis/networking.k8s.io/v1';

export function specOf(object: Metadata): Metadata {
  return objectOf(object['spec']);
}

export function statusOf(object: Metadata): Metadata {
  return objectOf(object['status']);
}

/** The members under other names, as far as they are there. */
function pick(from: Metadata, names: Readonly<Record<string, string>>): Metadata {
  const picked: Record<string, Json> = {};
  for (const [name, member] of Object.entries(names)) {
    const value = from[member];
    if (value !== undefined && value !== null && value !== '') picked[name] = value;
  }
  return picked;
}

function nodeFields(object: Metadata): Metadata {
  const addresses = listOf(statusOf(object)['addresses']).map((each) => objectOf(each));
  const address = (type: string): Json | undefined =>
    addresses.find((each) => each['type'] === type)?.['address'];
  const info = objectOf(statusOf(object)['nodeInfo']);
  const byType: Record<string, Json> = {};
  for (const type of ['Hostname', 'InternalIP', 'ExternalIP']) {
    const found = address(type);
    if (found !== undefined) byType[type] = found;
  }
  return {
    ...byType,
    ...pick(info, { Arch: 'architecture', Kernel: 'kernelVersion', OS: 'operatingSystem' }),
  };
}

function podFields(object: Metadata): Metadata {
  const status = statusOf(object);
  const reason = textOf(status['reason']) || textOf(status['phase']);
  return {
    ...pick(specOf(object), { Node: 'nodeName' }),
    ...pick(status, { IP: 'podIP' }),
    ...(reason === '' ? {} : { Status: reason }),
  };
}

function claimFields(object: Metadata): Metadata {
  const names = {
    AccessModes: 'accessModes',
    VolumeName: 'volumeName',
    StorageClassName: 'storageClassName',
    VolumeMode: 'volumeMode',
  };
  return { ...pick(specOf(object), names), ...pick(statusOf(object), { Status: 'phase' }) };
}

function volumeFields(object: Metadata): Metadata {
  const spec = specOf(object);
  const claim = textOf(objectOf(spec['claimRef'])['name']);
  return {
    ...pick(objectOf(spec['capacity']), { Capacity: 'storage' }),
    ...pick(spec, {
      VolumeMode: 'volumeMode',
      StorageClassName: 'storageClassName',
      AccessModes: 'accessModes',
    }),
    ...pick(statusOf(object), { Status: 'phase' }),
    ...(claim === '' ? {} : { ClaimRef: claim }),
  };
}

const NOTHING = (): Metadata => ({});

/** Members of spec and of status, by the names that they are shown under. */
function members(
  spec: Readonly<Record<string, string>>,
  status: Readonly<Record<string, string>> = {},
): (object: Metadata) => Metadata {
  return (object) => ({ ...pick(specOf(object), spec), ...pick(statusOf(object), status) });
}

const REPLICAS = { Replicas: 'replicas', ReadyReplicas: 'readyReplicas' };

export const KINDS: readonly Kind[] = [
  { type: 'namespace', path: `${CORE}/namespaces`, fields: members({}, { Status: 'phase' }) },
  { type: 'node', path: `${CORE}/nodes`, fields: nodeFields },
  {
    type: 'pod',
    path: `${CORE}/pods`,
    fields: podFields,
    isUp: (object) => statusOf(object)['phase'] === 'Running',
  },
  {
    type: 'service',
    path: `${CORE}/services`,
    fields: members({
      Ports: 'ports',
      ClusterIP: 'clusterIP',
      ServiceType: 'type',
      SessionAffinity: 'sessionAffinity',
      LoadBalancerIP: 'loadBalancerIP',
      ExternalName: 'externalName',
    }),
  },
  { type: 'endpoints', path: `${CORE}/endpoints`, fields: NOTHING },
  {
    type: 'ingress',
    path: `${NETWORKING}/ingresses`,
    fields: members({ DefaultBackend: 'defaultBackend', TLS: 'tls', Rules: 'rules' }),
  },
  {
    type: 'deployment',
    path: `${APPS}/deployments`,
    fields: members(
      { DesiredReplicas: 'replicas' },
      { ...REPLICAS, AvailableReplicas: 'availableReplicas', UnavailableReplicas: 'unavailableReplicas' },
    ),
  },
  {
    type: 'daemonset',
    path: `${APPS}/daemonsets`,
    fields: members(
      {},
      {
        DesiredNumberScheduled: 'desiredNumberScheduled',
        CurrentNumberScheduled: 'currentNumberScheduled',
        NumberMisscheduled: 'numberMisscheduled',
      },
    ),
  },
  {
    type: 'statefulset',
    path: `${APPS}/statefulsets`,
    fields: members(
      { DesiredReplicas: 'replicas', ServiceName: 'serviceName' },
      {
        ...REPLICAS,
        CurrentReplicas: 'currentReplicas',
        UpdatedReplicas: 'updatedReplicas',
        CurrentRevision: 'currentRevision',
        UpdateRevision: 'updateRevision',
      },
    ),
  },
  { type: 'replicaset', path: `${APPS}/replicasets`, fields: NOTHING },
  { type: 'replicationcontroller', path: `${CORE}/replicationcontrollers`, fields: NOTHING },
  {
    type: 'job',
    path: `${BATCH}/jobs`,
    fields: members(
      { Parallelism: 'parallelism', Completions: 'completions' },
      { Active: 'active', Succeeded: 'succeeded', Failed: 'failed' },
    ),
  },
  {
    type: 'cronjob',
    path: `${BATCH}/cronjobs`,
    fields: members({ Schedule: 'schedule', Suspended: 'suspend' }),
  },
  { type: 'networkpolicy', path: `${NETWORKING}/networkpolicies`, fields: NOTHING },
  { type: 'persistentvolume', path: `${CORE}/persistentvolumes`, fields: volumeFields },
  {
    type: 'persistentvolumeclaim',
    path: `${CORE}/persistentvolumeclaims`,
    fields: claimFields,
    isUp: (object) => statusOf(object)['phase'] === 'Bound',
  },
  {
    type: 'storageclass',
    path: '/apis/storage.k8s.io/v1/storageclasses',
    fields: (object) => pick(object, { Provisioner: 'provisioner' }),
  },
];
