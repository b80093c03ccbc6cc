/** Containers of a real runc, with the machine's own programs mounted into them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GraphNode, Json } from '../../../../core/graph/element.ts';
import { messageOf } from '../../../../core/errors.ts';
import { parseHosts } from '../../../../probe/topology/sources/runc-state.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { eventually, ip, isRoot, nodeNamed, nodesNamed, ownersOf, tryIp } from '../live.ts';
import { hasCommand } from './commands.ts';

const HOST = 'runc-host';
const NETNS = `rc-${process.pid}`;
const TIMEOUT_MS = 10_000;

describe.skipIf(!isRoot || !hasCommand('runc'))('RuncSource with runc (needs root and runc)', () => {
  let base: string;
  let root: string;
  /** As containerd has it: a folder a namespace. */
  let inner: string;
  let cannot: string | undefined;
  let probe: TopologyProbe;
  const status = (): Record<string, Json> => probe.status()['runc'] as Record<string, Json>;
  // The container holds what runc gets, so there is nothing to read to the end.
  const runc = (...words: string[]): void =>
    void execFileSync('runc', ['--root', inner, ...words], { stdio: 'ignore', timeout: 20_000 });
  const container = (name: string): GraphNode =>
    nodesNamed(probe.graph, name).find(({ metadata }) => metadata['Type'] === 'container')!;
  const facts = (name: string): Record<string, Json> =>
    container(name).metadata['Container'] as Record<string, Json>;

  interface Spec {
    process: { terminal: boolean; args: string[] };
    mounts: unknown[];
    hostname: string;
    annotations: Record<string, string>;
    linux: { namespaces: { type: string; path?: string }[] };
  }
  function bundle(name: string, change: (spec: Spec) => void): string {
    const folder = join(base, name);
    mkdirSync(join(folder, 'rootfs'), { recursive: true });
    execFileSync('runc', ['spec'], { cwd: folder });
    const file = join(folder, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as Spec;
    spec.process.terminal = false;
    spec.process.args = ['/bin/sleep', '600'];
    for (const path of ['/bin', '/lib', '/lib64', '/usr'].filter((each) => existsSync(each)))
      spec.mounts.push({ destination: path, source: path, type: 'bind', options: ['rbind', 'ro'] });
    change(spec);
    writeFileSync(file, JSON.stringify(spec));
    return folder;
  }

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'edgedive-runc-'));
    root = join(base, 'state');
    inner = join(root, 'k8s.io');
    mkdirSync(root);
    try {
      runc(
        'run',
        '--detach',
        '--bundle',
        bundle('trial', () => {}),
        'trial',
      );
      runc('delete', '--force', 'trial');
    } catch (error) {
      cannot = messageOf(error);
    }
    ip(`netns add ${NETNS}`);
    probe = createTopologyProbe({
      hostId: HOST,
      sources: readSourceSettings(`runc=${root}`),
      log: () => {},
    });
    await probe.start();
    expect(status()).toMatchObject({ state: 'running', containers: 0 });
  });
  beforeEach((context) => {
    if (cannot !== undefined) context.skip(`no container can run here: ${cannot}`);
  });
  afterAll(() => {
    probe.stop();
    for (const name of ['one', 'two', 'trial'])
      execFileSync('sh', ['-c', `runc --root ${inner} delete -f ${name} 2>/dev/null; true`]);
    tryIp(`netns del ${NETNS}`);
    rmSync(base, { recursive: true, force: true });
  });

  it('shows a container from its making to its running, with what its annotations and hosts file say', async () => {
    writeFileSync(join(base, 'hosts'), '127.0.0.1 localhost\n10.1.2.3 pod-1.local pod-1 # ours\n');
    const folder = bundle('one', (spec) => {
      spec.hostname = 'pod-1';
      spec.mounts.push({
        destination: '/etc/hosts',
        source: join(base, 'hosts'),
        type: 'bind',
        options: ['rbind'],
      });
      spec.annotations = {
        'io.kubernetes.cri.container-name': 'front',
        'io.kubernetes.cri.image-name': 'example/front:1',
        'app.kubernetes.io/name': 'shop',
      };
    });
    runc('create', '--bundle', folder, 'one');
    await eventually(() => expect(facts('front')['Status']).toBe('created'), TIMEOUT_MS);
    runc('start', 'one');
    await eventually(() => expect(facts('front')['Status']).toBe('running'), TIMEOUT_MS);
    const state = JSON.parse(readFileSync(join(inner, 'one/state.json'), 'utf8')) as {
      init_process_pid: number;
    };
    expect(container('front').metadata).toMatchObject({
      Type: 'container',
      Manager: 'runc',
      Container: {
        ID: 'one',
        Image: 'example/front:1',
        Runtime: 'runc',
        Status: 'running',
        InitProcessPID: state.init_process_pid,
        Labels: { app: { kubernetes: { 'io/name': 'shop' } } },
        Hosts: {
          IP: '10.1.2.3',
          Hostname: 'pod-1',
          ByIP: { '127.0.0.1': 'localhost', '10.1.2.3': 'pod-1.local' },
        },
      },
    });
    expect(ownersOf(probe.graph, container('front'))).toEqual(['front']);
    const netns = nodeNamed(probe.graph, 'front', HOST);
    expect(netns.metadata).toMatchObject({ Type: 'netns', Manager: 'runc', Runtime: 'runc' });
    expect(ownersOf(probe.graph, nodeNamed(probe.graph, 'lo', 'front'))).toEqual(['front']);
  });

  it('leaves a namespace that has a file of its own its name', async () => {
    const folder = bundle('two', (spec) => {
      const network = spec.linux.namespaces.find(({ type }) => type === 'network')!;
      network.path = `/var/run/netns/${NETNS}`;
    });
    runc('run', '--detach', '--bundle', folder, 'two');
    await eventually(() => expect(ownersOf(probe.graph, container('two'))).toEqual([NETNS]), TIMEOUT_MS);
    expect(nodeNamed(probe.graph, NETNS, HOST).metadata).toMatchObject({
      Runtime: 'runc',
      Path: `/var/run/netns/${NETNS}`,
    });
  });

  it('counts what is no state, and goes on', async () => {
    mkdirSync(join(inner, 'broken'));
    writeFileSync(join(inner, 'broken/state.json'), '{"id":"broken",');
    await eventually(() => expect(status()['lastError']).toContain('no JSON'), TIMEOUT_MS);
    expect(status()).toMatchObject({ state: 'running', complaints: 1, containers: 2 });
    rmSync(join(inner, 'broken'), { recursive: true });
  });

  it('takes a container back when it is deleted, and with it a namespace that was its alone', async () => {
    runc('delete', '--force', 'one');
    runc('delete', '--force', 'two');
    await eventually(() => {
      expect(nodesNamed(probe.graph, 'front')).toEqual([]);
      expect(nodesNamed(probe.graph, 'two')).toEqual([]);
    }, TIMEOUT_MS);
    expect(nodeNamed(probe.graph, NETNS, HOST).metadata).not.toHaveProperty('Runtime');
  });
});

describe('parseHosts', () => {
  it.each([
    ['', {}],
    ['# nothing\n\n', {}],
    ['::1 localhost ip6-localhost', { ByIP: { '::1': 'localhost' } }],
    ['10.0.0.1\tme\n10.0.0.1 other', { IP: '10.0.0.1', Hostname: 'me', ByIP: { '10.0.0.1': 'me' } }],
    ['10.0.0.1', {}],
  ])('reads %j', (text, expected) => {
    expect(parseHosts(text, 'me')).toEqual(expected);
  });
});
