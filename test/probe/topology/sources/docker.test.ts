/** Containers of a real Docker engine: as they come, change and go, and when the engine does. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../../core/graph/element.ts';
import { tidOf } from '../../../../core/ids.ts';
import { readSourceSettings } from '../../../../probe/topology/sources/settings.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../../probe/topology/topology.ts';
import { eventually, ip, isRoot, nodeNamed, nodesNamed, ownersOf, textOf } from '../live.ts';
import { DockerEngine, hasDocker, whyNoDocker } from './docker-engine.ts';

const HOST = 'docker-host';
const TIMEOUT_MS = 15_000;

describe.skipIf(!isRoot || !hasDocker)(
  `DockerSource with dockerd (${whyNoDocker})`,
  { timeout: 60_000 },
  () => {
    let engine: DockerEngine;
    let cannot: string | undefined;
    let probe: TopologyProbe;
    const log: string[] = [];
    const status = (): Record<string, Json> => probe.status()['docker'] as Record<string, Json>;
    const container = (name: string) =>
      [...probe.graph.nodesWith('Type', 'container')].find((node) => node.metadata['Name'] === name);
    const stateOf = (name: string): Record<string, Json> =>
      (container(name)?.metadata['Container'] ?? {}) as Record<string, Json>;

    beforeAll(async () => {
      engine = new DockerEngine();
      probe = createTopologyProbe({
        hostId: HOST,
        sources: readSourceSettings(`docker=${engine.socket}`),
        log: (line) => log.push(line),
      });
      await probe.start();
      expect(status()).toMatchObject({ state: 'waiting', places: [engine.socket] });
      cannot = await engine.startOrSay();
    }, 60_000);
    beforeEach((context) => {
      if (cannot !== undefined) context.skip(`no container can run here: ${cannot}`);
    });
    afterAll(async () => {
      probe.stop();
      await engine.stop();
    }, 30_000);

    it('shows a container in its namespace, which is called after it, and what is in that', async () => {
      const labels = { 'com.example.role': 'web', tier: 'front' };
      const id = await engine.run('web', { labels });
      const inspected = JSON.parse(await engine.ask('GET', `/containers/${id}/json`)) as {
        State: { Pid: number };
        Image: string;
      };
      const pid = inspected.State.Pid;
      ip(`link add dkveth type veth peer name eth0 netns ${pid}`);
      await eventually(
        () => expect(ownersOf(probe.graph, nodeNamed(probe.graph, 'eth0', 'web'))).toEqual(['web']),
        TIMEOUT_MS,
      );

      const node = container('web')!;
      expect(node.metadata).toEqual({
        Name: 'web',
        Type: 'container',
        Manager: 'docker',
        TID: tidOf(textOf(nodeNamed(probe.graph, 'web', HOST), 'TID'), 'web', 'container'),
        Container: {
          ID: id,
          Image: 'edgedive-test',
          ImageID: inspected.Image,
          Runtime: 'docker',
          Status: 'running',
          InitProcessPID: pid,
          Labels: { com: { example: { role: 'web' } }, tier: 'front' },
        },
      });
      expect(ownersOf(probe.graph, node)).toEqual(['web']);
      expect(nodeNamed(probe.graph, 'web', HOST).metadata).toMatchObject({
        Type: 'netns',
        Manager: 'docker',
        Path: `/proc/${pid}/ns/net`,
      });
      expect(nodeNamed(probe.graph, 'dkveth', HOST).metadata['LinkNetNsName']).toBe('web');
      execFileSync('ip', ['link', 'del', 'dkveth']);
      expect(status()).toMatchObject({ state: 'running', lastError: null, nodes: 1 });
    });

    it('gives a container with the host’s network to the host', async () => {
      await engine.run('outside', { network: 'host' });
      await eventually(() =>
        expect(ownersOf(probe.graph, nodeNamed(probe.graph, 'outside'))).toEqual([HOST]),
      );
    });

    it('lets two containers share a namespace that is called after the one that made it', async () => {
      await engine.run('sidecar', { network: 'container:web' });
      await eventually(() =>
        expect(ownersOf(probe.graph, nodeNamed(probe.graph, 'sidecar'))).toEqual(['web']),
      );
      await engine.remove('sidecar');
      await eventually(() => expect(nodesNamed(probe.graph, 'sidecar')).toEqual([]));
      expect(nodesNamed(probe.graph, 'web')).toHaveLength(2);
    });

    it('follows a new name and a pause', async () => {
      const before = container('web')!;
      await engine.ask('POST', '/containers/web/rename?name=shop');
      await engine.ask('POST', '/containers/shop/pause');
      await eventually(() => expect(stateOf('shop')['Status']).toBe('paused'));
      expect(container('shop')).toMatchObject({ id: before.id, metadata: { TID: before.metadata['TID'] } });
      expect(ownersOf(probe.graph, container('shop')!)).toEqual(['shop']);
      await engine.ask('POST', '/containers/shop/unpause');
      await eventually(() => expect(stateOf('shop')['Status']).toBe('running'));
    });

    it('keeps containers while the engine is away, says so, and finds it again', async () => {
      await engine.leave();
      await eventually(() => expect(status()).toMatchObject({ state: 'error', nodes: 2 }));
      expect(container('shop')).toBeDefined();
      expect(probe.status()['netlink']).toMatchObject({ state: 'running' });
      await engine.start();
      await engine.run('later');
      await eventually(() => expect(container('later')).toBeDefined(), TIMEOUT_MS);
      expect(status()).toMatchObject({ state: 'running' });
      // Said once, however often it was tried.
      expect(new Set(log).size).toBe(log.length - 1);
      expect(log.filter((line) => line === 'topology: docker is followed')).toHaveLength(2);
    });

    it('removes a container that dies, and its namespace', async () => {
      await engine.remove('later');
      await eventually(() => expect(nodesNamed(probe.graph, 'later')).toEqual([]));
    });
  },
);
