/**
 * Kubernetes against a server of the test that speaks the API's lists and watches as they are documented: no API
 * server can run here. Objects are written by hand in the API's form, with the members that matter.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json, Metadata } from '../../../../core/graph/element.ts';
import { uuidV5 } from '../../../../core/ids.ts';
import { readCluster } from '../../../../probe/topology/sources/k8s-credentials.ts';
import { K8sSource } from '../../../../probe/topology/sources/k8s.ts';
import { eventually } from '../live.ts';
import { fakeHost, type FakeHost } from './fake-host.ts';

const PODS = '/api/v1/pods';
const SERVICES = '/api/v1/services';

function object(
  uid: string,
  name: string,
  rest: Record<string, Json> = {},
  about: Record<string, Json> = {},
): Metadata {
  return { metadata: { uid, name, resourceVersion: '1', ...about }, ...rest };
}
const inShop = (
  labels: Record<string, string> = {},
  about: Record<string, Json> = {},
): Record<string, Json> => ({
  namespace: 'shop',
  labels,
  ...about,
});
const pod = (uid: string, name: string, phase = 'Running', about: Record<string, Json> = {}): Metadata =>
  object(
    uid,
    name,
    {
      spec: {
        nodeName: 'rack1',
        containers: [{ name: 'main', image: 'web:1' }],
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
      status: {
        phase,
        podIP: '10.1.0.7',
        containerStatuses: [{ name: 'main', containerID: 'docker://abc123' }],
      },
    },
    inShop({ 'app.kubernetes.io/name': 'web', tier: 'front' }, about),
  );

const WORLD: Record<string, Metadata[]> = {
  '/api/v1/namespaces': [object('ns-uid', 'shop', { status: { phase: 'Active' } })],
  '/api/v1/nodes': [
    object('node-uid', 'rack1', {
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.1' },
          { type: 'Hostname', address: 'h' },
        ],
        nodeInfo: { architecture: 'arm64', kernelVersion: '6.1', operatingSystem: 'linux' },
      },
    }),
  ],
  [PODS]: [pod('pod-uid', 'web-1', 'Running', { ownerReferences: [{ kind: 'ReplicaSet', uid: 'rs-uid' }] })],
  [SERVICES]: [
    object(
      'svc-uid',
      'web',
      {
        spec: {
          clusterIP: '10.2.0.1',
          type: 'ClusterIP',
          ports: [{ port: 80 }],
          selector: { tier: 'front' },
        },
      },
      inShop(),
    ),
    object('none-uid', 'none', { spec: { clusterIP: 'None', selector: {} } }, inShop()),
  ],
  '/api/v1/endpoints': [object('ep-uid', 'web', {}, inShop())],
  '/apis/apps/v1/deployments': [
    object('dep-uid', 'web', { spec: { replicas: 2 }, status: { replicas: 2, readyReplicas: 1 } }, inShop()),
  ],
  '/apis/apps/v1/replicasets': [
    object('rs-uid', 'web-x', {}, inShop({}, { ownerReferences: [{ uid: 'dep-uid' }] })),
  ],
  '/apis/networking.k8s.io/v1/ingresses': [
    object(
      'ing-uid',
      'web',
      { spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'web' } } }] } }] } },
      inShop(),
    ),
  ],
  '/api/v1/persistentvolumeclaims': [
    object(
      'pvc-uid',
      'data',
      { spec: { volumeName: 'pv1', storageClassName: 'fast' }, status: { phase: 'Bound' } },
      inShop(),
    ),
  ],
  '/api/v1/persistentvolumes': [
    object('pv-uid', 'pv1', { spec: { capacity: { storage: '1Gi' }, storageClassName: 'fast' } }),
  ],
  '/apis/storage.k8s.io/v1/storageclasses': [object('sc-uid', 'fast', { provisioner: 'example.com/disk' })],
};

describe('K8sSource', () => {
  let folder: string;
  let server: Server;
  let stop: AbortController;
  let host: FakeHost;
  let source: K8sSource;
  let world: Record<string, Metadata[]>;
  let watches: Map<string, { response: ServerResponse; query: URLSearchParams }>;
  let asked: string[];
  /** Answers of another status, by path. */
  let refusals: Record<string, number>;
  let authorizations: Set<string | undefined>;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://x');
    asked.push(url.pathname + url.search);
    authorizations.add(request.headers.authorization);
    const status =
      refusals[url.pathname + (url.searchParams.has('watch') ? '?watch' : '')] ?? refusals[url.pathname];
    if (status !== undefined) {
      response
        .writeHead(status)
        .end(JSON.stringify({ kind: 'Status', code: status, message: `no ${url.pathname}` }));
    } else if (url.searchParams.has('watch')) {
      response.writeHead(200).flushHeaders();
      watches.set(url.pathname, { response, query: url.searchParams });
    } else if (url.pathname === '/version') response.end('{"gitVersion":"v1.34.1"}');
    else {
      const from = Number(url.searchParams.get('continue') ?? 0);
      const all = world[url.pathname] ?? [];
      const more = from + 1 < all.length ? { continue: String(from + 1) } : {};
      // Pages of one, so that all of them are needed.
      response.end(
        JSON.stringify({ metadata: { resourceVersion: '100', ...more }, items: all.slice(from, from + 1) }),
      );
    }
  }
  const follow = async (): Promise<string> => {
    try {
      await source.follow(host, stop.signal);
      return 'returned';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const send = (path: string, type: string, changed: Metadata): void =>
    void watches.get(path)!.response.write(`${JSON.stringify({ type, object: changed })}\n`);
  const nodeOf = (id: string) => host.pictures.at(-1)?.nodes.find((node) => node.id === id);
  const edges = (): string[] =>
    host.pictures
      .at(-1)!
      .edges.map(({ parent, child, metadata }) => `${parent}>${child} ${metadata.RelationType}`)
      .sort();
  const watching = (): Promise<void> => eventually(() => expect(watches.size).toBeGreaterThan(15));

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-k8s-'));
    world = { ...WORLD };
    watches = new Map();
    asked = [];
    refusals = {};
    authorizations = new Set();
    server = createServer(answer);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'prod', user: 'u' } }],
      clusters: [{ name: 'prod', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
    };
    writeFileSync(join(folder, 'config'), JSON.stringify(config));
    stop = new AbortController();
    host = fakeHost();
    source = new K8sSource([join(folder, 'config')]);
  });
  afterEach(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  it('shows objects with what their kind says', async () => {
    void follow();
    await eventually(() => expect(nodeOf('pod-uid')).toBeDefined());
    expect(nodeOf('pod-uid')).toEqual({
      id: 'pod-uid',
      owner: { kind: 'node', id: 'ns-uid' },
      metadata: {
        Name: 'web-1',
        Type: 'pod',
        Manager: 'k8s',
        ClusterName: 'prod',
        State: 'UP',
        K8s: {
          Name: 'web-1',
          Namespace: 'shop',
          Labels: { app: { kubernetes: { 'io/name': 'web' } }, tier: 'front' },
          Node: 'rack1',
          IP: '10.1.0.7',
          Status: 'Running',
        },
      },
    });
    expect(nodeOf('node-uid')?.metadata['K8s']).toEqual({
      Name: 'rack1',
      Hostname: 'h',
      InternalIP: '192.0.2.1',
      Arch: 'arm64',
      Kernel: '6.1',
      OS: 'linux',
    });
    expect(nodeOf('svc-uid')?.metadata['K8s']).toMatchObject({
      ClusterIP: '10.2.0.1',
      ServiceType: 'ClusterIP',
    });
    expect(nodeOf('dep-uid')?.metadata['K8s']).toMatchObject({ DesiredReplicas: 2, ReadyReplicas: 1 });
    expect(nodeOf('pvc-uid')?.metadata).toMatchObject({
      State: 'UP',
      K8s: { VolumeName: 'pv1', Status: 'Bound' },
    });
    expect(nodeOf('pv-uid')?.metadata['K8s']).toMatchObject({ Capacity: '1Gi' });
    expect(nodeOf('sc-uid')?.owner).toEqual({ kind: 'node', id: uuidV5('k8s/cluster/prod') });
    const container = nodeOf(uuidV5('pod-uid/main'))!;
    expect(container).toMatchObject({
      owner: { kind: 'node', id: 'pod-uid' },
      metadata: {
        Name: 'main',
        Type: 'container',
        K8s: { Image: 'web:1', Runtime: 'docker', ContainerID: 'abc123' },
      },
    });
    expect([...authorizations]).toEqual(['Bearer secret']);
    expect(host.complaints).toEqual([]);
  });

  it('joins what belongs together, and the host with its node', async () => {
    host.hostGraph.putNode('docker-node', {
      Name: 'x',
      Type: 'container',
      Manager: 'docker',
      Container: { ID: 'abc123' },
    });
    void follow();
    await eventually(() => expect(nodeOf('pod-uid')).toBeDefined());
    expect(edges()).toEqual(
      [
        `${uuidV5('pod-uid/main')}>docker-node container`,
        'dep-uid>rs-uid deployment',
        'host>node-uid node',
        'ing-uid>svc-uid ingress',
        'node-uid>pod-uid node',
        'pod-uid>pvc-uid pod',
        'pvc-uid>pv-uid persistentvolumeclaim',
        'rs-uid>pod-uid replicaset',
        'sc-uid>pv-uid storageclass',
        'sc-uid>pvc-uid storageclass',
        'svc-uid>ep-uid service',
        'svc-uid>pod-uid service',
      ].sort(),
    );
  });

  it('follows changes from the version of the list on', async () => {
    void follow();
    await watching();
    expect(watches.get(PODS)!.query.get('resourceVersion')).toBe('100');
    send(PODS, 'MODIFIED', pod('pod-uid', 'web-1', 'Failed'));
    send(PODS, 'ADDED', pod('pod2-uid', 'web-2', 'Pending'));
    await eventually(() => expect(nodeOf('pod2-uid')?.metadata['State']).toBe('DOWN'));
    expect(nodeOf('pod-uid')?.metadata['State']).toBe('DOWN');
    send(PODS, 'DELETED', pod('pod2-uid', 'web-2'));
    await eventually(() => expect(nodeOf('pod2-uid')).toBeUndefined());
    expect(source.status()).toMatchObject({ version: 'v1.34.1', changes: 3 });
  });

  it('goes on where a watch ended', async () => {
    void follow();
    await watching();
    send(PODS, 'BOOKMARK', { metadata: { resourceVersion: '140' } });
    watches.get(PODS)!.response.end();
    watches.delete(PODS);
    await eventually(() => expect(watches.get(PODS)?.query.get('resourceVersion')).toBe('140'));
  });

  it('lists again when the server has forgotten the version', async () => {
    void follow();
    await watching();
    world[PODS] = [pod('pod3-uid', 'web-3')];
    const { response } = watches.get(PODS)!;
    watches.delete(PODS);
    response.write(
      JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } }),
    );
    await eventually(() => expect(nodeOf('pod3-uid')).toBeDefined());
    expect(nodeOf('pod-uid')).toBeUndefined();
    await eventually(() => expect(watches.has(PODS)).toBe(true));
  });

  it('leaves out what it may not see, and says so', async () => {
    refusals[SERVICES] = 403;
    refusals['/apis/batch/v1/cronjobs'] = 404;
    void follow();
    await eventually(() => expect(nodeOf('pod-uid')).toBeDefined());
    expect(nodeOf('svc-uid')).toBeUndefined();
    expect(host.complaints.toSorted()).toEqual([
      'cronjob: the server says 404: no /apis/batch/v1/cronjobs',
      'service: the server says 403: no /api/v1/services',
    ]);
  });

  it.each([
    ['a refusal', (): void => void (refusals['/version'] = 401), 'the server says 401: no /version'],
    ['an error of the server', (): void => void (refusals[PODS] = 500), `the server says 500: no ${PODS}`],
  ])('throws at %s', async (_what, change, expected) => {
    change();
    expect(await follow()).toBe(expected);
  });

  it('throws at a watch that is none', async () => {
    const ended = follow();
    await watching();
    watches.get(PODS)!.response.write('<html>');
    expect(await ended).toBe('no JSON object: byte 0x3c');
  });

  it('counts objects that are none and shows the others', async () => {
    void follow();
    await watching();
    for (const broken of [{}, { metadata: 7 }, { metadata: { uid: 7 } }]) send(PODS, 'ADDED', broken);
    const odd = {
      metadata: { uid: 'odd', labels: [1] },
      spec: { containers: [7, { name: 7 }], volumes: {} },
      status: [],
    };
    send(PODS, 'ADDED', odd);
    await eventually(() => expect(nodeOf('odd')).toBeDefined());
    expect(host.complaints).toEqual(Array.from({ length: 3 }, () => 'a pod without a UID'));
  });

  describe('readCluster', () => {
    const write = (value: unknown): string => {
      writeFileSync(join(folder, 'other'), JSON.stringify(value));
      return join(folder, 'other');
    };

    it('takes certificates from the file or from files beside it', () => {
      writeFileSync(join(folder, 'ca.pem'), 'CA');
      const path = write({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
        clusters: [
          { name: 'k', cluster: { server: 'https://192.0.2.1:6443', 'certificate-authority': 'ca.pem' } },
        ],
        users: [
          {
            name: 'u',
            user: {
              'client-certificate-data': Buffer.from('CERT').toString('base64'),
              username: 'a',
              password: 'b',
            },
          },
        ],
      });
      const cluster = readCluster(['/nowhere', path], {});
      expect(cluster.tls).toEqual({ ca: 'CA', cert: 'CERT', rejectUnauthorized: true });
      expect(cluster.authorization()).toBe(`Basic ${Buffer.from('a:b').toString('base64')}`);
    });

    it('takes the account of a pod, and its token anew each time', () => {
      writeFileSync(join(folder, 'ca.crt'), 'CA');
      writeFileSync(join(folder, 'token'), 'one\n');
      const cluster = readCluster([folder], {
        KUBERNETES_SERVICE_HOST: '2001:db8::1',
        KUBERNETES_SERVICE_PORT: '6443',
      });
      expect(cluster.server.href).toBe('https://[2001:db8::1]:6443/');
      expect(cluster.authorization()).toBe('Bearer one');
      writeFileSync(join(folder, 'token'), 'two');
      expect(cluster.authorization()).toBe('Bearer two');
    });

    const context = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    };
    const clusters = [{ name: 'k', cluster: { server: 'https://h' } }];
    it.each([
      ['nothing', {}, 'no context ""'],
      ['no cluster', context, 'no cluster "k"'],
      [
        'another program',
        { ...context, clusters, users: [{ name: 'u', user: { exec: {} } }] },
        'users with exec are not supported',
      ],
      [
        'no address',
        { ...context, clusters: [{ name: 'k', cluster: {} }], users: [{ name: 'u', user: {} }] },
        'not the address of an API server: ""',
      ],
    ])('refuses a file with %s', (_what, value, expected) => {
      const path = write(value);
      expect(() => readCluster([path], {})).toThrow(expected);
    });

    it('says when there is nothing', () => {
      expect(() => readCluster(['/nowhere'], {})).toThrow('none of /nowhere is there');
    });
  });
});
