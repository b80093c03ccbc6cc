/** The life of one source: waiting, following, failing, coming back, and what it leaves on the graph meanwhile. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tidOf } from '../../../../core/ids.ts';
import { timings } from '../../../../core/limits.ts';
import { HostGraph } from '../../../../probe/topology/host-graph.ts';
import { InterfaceGraph } from '../../../../probe/topology/interface-graph.ts';
import { SourceRunner } from '../../../../probe/topology/sources/source-runner.ts';
import type { OwnNode, Picture, SourceHost } from '../../../../probe/topology/sources/source.ts';

const PICTURE: Picture = { nodes: [], edges: [], keys: new Map() };
const owned = (id: string, ownerId: string): OwnNode => ({
  id,
  metadata: { Name: id, Type: 'thing' },
  owner: { kind: 'node', id: ownerId },
});

describe('SourceRunner', () => {
  let graph: HostGraph;
  let log: string[];
  let runs: { host: SourceHost; signal: AbortSignal; fail: (error: unknown) => void }[];
  let runner: SourceRunner;
  const state = () => runner.status()['state'];
  const last = () => runs.at(-1)!;

  function start({ places = [], isAsked = true }: { places?: string[]; isAsked?: boolean } = {}): void {
    const source = {
      follow: (host: SourceHost, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          runs.push({ host, signal, fail: reject });
          signal.addEventListener('abort', () => resolve());
        }),
    };
    runner = new SourceRunner({
      name: 'docker',
      source,
      places,
      isAsked,
      hostId: 'h',
      hostNode: { nodeId: 'host', tid: 'host-tid' },
      graph,
      files: undefined,
      namespaces: undefined,
      readiness: undefined,
      interfaces: new InterfaceGraph(graph, String, Date.now, () => {}),
      log: (line) => log.push(line),
    });
    graph.onChanges((events) => runner.graphChanged(events));
    runner.start();
  }
  async function failAndComeBack(text: string): Promise<void> {
    const before = runs.length;
    last().fail(new Error(text));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(runs).toHaveLength(before + 1);
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'setImmediate'] });
    graph = new HostGraph('h');
    graph.putNode('host', { Name: 'h', Type: 'host', TID: 'host-tid' });
    log = [];
    runs = [];
  });
  afterEach(() => {
    runner.stop();
    vi.useRealTimers();
  });

  it('waits for its place, and says so once if it was asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgedive-runner-'));
    const place = join(folder, 'socket');
    start({ places: [join(folder, 'other'), place] });
    await vi.advanceTimersByTimeAsync(3 * timings.sourceLookMs);
    expect([state(), runs.length]).toEqual(['waiting', 0]);
    expect(log).toEqual([`topology: docker waits for ${join(folder, 'other')}, ${place}`]);
    writeFileSync(place, '');
    await vi.advanceTimersByTimeAsync(timings.sourceLookMs);
    expect([state(), runs.length]).toEqual(['connecting', 1]);
    last().host.show(PICTURE);
    expect(state()).toBe('running');
    rmSync(folder, { recursive: true });
  });

  it('is silent about a place that nobody asked for', async () => {
    start({ places: ['/nowhere/socket'], isAsked: false });
    await vi.advanceTimersByTimeAsync(3 * timings.sourceLookMs);
    expect(log).toEqual([]);
  });

  it('tries again after a failure, tells the reason once, and counts', async () => {
    start();
    await failAndComeBack('no');
    await failAndComeBack('no');
    await failAndComeBack('still no');
    expect(log).toEqual(['topology: docker: no; trying again', 'topology: docker: still no; trying again']);
    expect(runner.status()).toMatchObject({ state: 'connecting', failures: 3, lastError: 'still no' });
    last().host.show(PICTURE);
    await failAndComeBack('still no');
    expect(log.slice(2)).toEqual([
      'topology: docker is followed',
      'topology: docker: still no; trying again',
    ]);
  });

  it('counts every complaint, logs each once, and goes on', () => {
    start();
    for (let i = 0; i < 3; i++) last().host.complain('odd');
    for (let i = 0; i < 100; i++) last().host.complain(`odd ${i}`);
    expect(runner.status()).toMatchObject({ complaints: 103, lastError: 'odd 99' });
    expect(log).toHaveLength(8);
  });

  it('keeps what was shown while it fails, and makes it true at the next contact', async () => {
    start();
    last().host.show({ ...PICTURE, nodes: [owned('a', 'host'), owned('b', 'a')] });
    expect(graph.graph.node('b')?.metadata['TID']).toBe(tidOf(tidOf('host-tid', 'a', 'thing'), 'b', 'thing'));
    await failAndComeBack('gone');
    expect(graph.graph.node('b')).toBeDefined();
    last().host.show({ ...PICTURE, nodes: [owned('a', 'host')] });
    expect(graph.graph.node('b')).toBeUndefined();
    expect(graph.graph.node('a')?.revision).toBe(1);
  });

  it('takes everything back after a long time without contact', async () => {
    start();
    graph.putNode('eth0', { Name: 'eth0', Type: 'device' });
    last().host.show({
      nodes: [owned('a', 'host')],
      edges: [{ parent: 'a', child: 'eth0', metadata: { RelationType: 'layer2' } }],
      keys: new Map([['eth0', { Type: 'internal', UUID: 'u' }]]),
    });
    expect(graph.graph.edgeCount).toBe(2);
    await failAndComeBack('gone');
    await vi.advanceTimersByTimeAsync(timings.sourceForgetMs);
    expect([graph.graph.nodeCount, graph.graph.edgeCount]).toEqual([2, 0]);
    expect(graph.graph.node('eth0')?.metadata).toEqual({ Name: 'eth0', Type: 'device' });
  });

  it('writes edges and keys when a node of others comes, and again when it comes back', async () => {
    start();
    last().host.show({
      nodes: [owned('a', 'host')],
      edges: [{ parent: 'a', child: 'eth0', metadata: { RelationType: 'layer2' } }],
      keys: new Map([['eth0', { UUID: 'u' }]]),
    });
    for (let i = 0; i < 2; i++) {
      expect(graph.graph.edgeCount).toBe(1);
      graph.putNode('eth0', { Name: 'eth0' });
      await vi.advanceTimersByTimeAsync(1);
      expect(graph.graph.edgeCount).toBe(2);
      expect(graph.graph.node('eth0')?.metadata).toEqual({ Name: 'eth0', UUID: 'u' });
      graph.removeNode('eth0');
      await vi.advanceTimersByTimeAsync(1);
    }
  });

  it('gives a node that moves its new owner alone, and another TID', () => {
    start();
    const nodes = [owned('a', 'host'), owned('b', 'host')];
    last().host.show({ ...PICTURE, nodes: [...nodes, owned('c', 'a')] });
    const before = graph.graph.node('c')?.metadata['TID'];
    last().host.show({
      ...PICTURE,
      nodes: [...nodes, { ...owned('c', 'a'), metadata: { Name: 'd', Type: 'thing' } }],
    });
    expect(graph.graph.node('c')?.metadata).toEqual({ Name: 'd', Type: 'thing', TID: before });
    last().host.show({ ...PICTURE, nodes: [...nodes, owned('c', 'b')] });
    expect([...graph.graph.edgesIn('c')].map((edge) => edge.parent)).toEqual(['b']);
    expect(graph.graph.node('c')?.metadata['TID']).not.toBe(before);
  });

  it('does not let a run that ended speak for the next', async () => {
    start();
    const first = last();
    first.host.show(PICTURE);
    await failAndComeBack('gone');
    expect(first.signal.aborted).toBe(true);
    first.host.show({ ...PICTURE, nodes: [owned('ghost', 'host')] });
    expect(graph.graph.node('ghost')).toBeUndefined();
  });

  it('ends its run when it is stopped, and leaves the graph as it is', async () => {
    start();
    last().host.show({ ...PICTURE, nodes: [owned('a', 'host')] });
    runner.stop();
    expect(last().signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(2 * timings.sourceForgetMs);
    expect([state(), runs.length, graph.graph.nodeCount]).toEqual(['stopped', 1, 2]);
    expect(runner.status()).toMatchObject({ failures: 0 });
  });
});
