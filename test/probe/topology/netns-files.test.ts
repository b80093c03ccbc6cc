/** Files in the folder of namespaces: what is one, what is not, what is one twice. Folders of our own, not /var/run/netns. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timings } from '../../../core/limits.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../probe/topology/topology.ts';
import { eventually, isRoot, nodeNamed, nodesNamed, ownersOf, whyNot } from './live.ts';

const run = (command: string, ...words: string[]): void =>
  void execFileSync(command, words, { stdio: 'pipe' });

describe.skipIf(!isRoot)(`namespaces in a folder (${whyNot})`, () => {
  let base: string;
  let folder: string;
  let probe: TopologyProbe;
  let log: string[];

  const file = (name: string): string => join(folder, name);
  const mount = (from: string, name: string): void => {
    if (!existsSync(file(name))) writeFileSync(file(name), '');
    run('mount', '--bind', from, file(name));
  };
  /** A namespace nobody else has, mounted on the file. */
  const unshare = (name: string): void => {
    if (!existsSync(file(name))) writeFileSync(file(name), '');
    run('unshare', `--net=${file(name)}`, 'true');
  };
  const remove = (name: string): void => {
    execFileSync('umount', ['-l', file(name)], { stdio: 'pipe' });
    rmSync(file(name));
  };
  const start = async (): Promise<void> => {
    log = [];
    probe = createTopologyProbe({ hostId: 'tp-host', netnsDirs: [folder], log: (line) => log.push(line) });
    await probe.start();
  };
  const netns = (): Record<string, unknown> => probe.status()['netns'] as Record<string, unknown>;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tp-files-'));
    folder = join(base, 'netns');
    mkdirSync(folder);
  });
  afterEach(() => {
    probe.stop();
    execFileSync('sh', ['-c', `umount -l ${folder}/* 2>/dev/null; rm -rf ${base}`]);
  });

  it('are seen when the folder is made later, and again when it is made anew', async () => {
    rmSync(folder, { recursive: true });
    await start();
    expect(netns()).toMatchObject({ namespaces: 0, folders: [] });
    mkdirSync(folder);
    unshare('late');
    await eventually(() => expect(nodeNamed(probe.graph, 'lo', 'late').metadata['IfIndex']).toBe(1));
    remove('late');
    rmSync(folder, { recursive: true });
    await eventually(() => expect(nodesNamed(probe.graph, 'late')).toEqual([]));
    mkdirSync(folder);
    unshare('again');
    await eventually(() => nodeNamed(probe.graph, 'lo', 'again'));
  });

  it('are seen once the mount is there, however long after the file', async () => {
    await start();
    writeFileSync(file('slow'), '');
    await new Promise((resolve) => void setTimeout(resolve, 150));
    expect(nodesNamed(probe.graph, 'slow')).toEqual([]);
    unshare('slow');
    await eventually(() => nodeNamed(probe.graph, 'lo', 'slow'));
    expect(netns()).toMatchObject({ namespaces: 1, waiting: 0, notNamespaces: 0 });
  });

  it('that are none are told once, and hold up no other', async () => {
    writeFileSync(file('plain'), '');
    mkdirSync(file('folder'));
    run('mkfifo', file('fifo'));
    mount('/proc/self/ns/uts', 'uts');
    await start();
    unshare('good');
    await eventually(() => nodeNamed(probe.graph, 'lo', 'good'));
    await eventually(() => expect(netns()).toMatchObject({ notNamespaces: 4 }), timings.netnsGraceMs * 3);
    expect(log.map((line) => line.replace(folder, '')).sort()).toEqual(
      ['fifo', 'folder', 'plain', 'uts'].map(
        (name) => `topology: /${name} is not a network namespace; it is tried again now and then`,
      ),
    );
    for (const name of ['fifo', 'folder', 'plain', 'uts']) expect(nodesNamed(probe.graph, name)).toEqual([]);
    expect(netns()).toMatchObject({ namespaces: 1, waiting: 4 });
    rmSync(file('plain'));
    await eventually(() => expect(netns()).toMatchObject({ waiting: 3 }));
  }, 15_000);

  it("that are the probe's own are the host's", async () => {
    mount('/proc/self/ns/net', 'default');
    await start();
    expect(nodesNamed(probe.graph, 'default')).toEqual([]);
    expect(nodesNamed(probe.graph, 'lo')).toHaveLength(1);
    expect(netns()).toMatchObject({ namespaces: 0, waiting: 0 });
  });

  it('that are one namespace twice share a node, which outlives the first of them', async () => {
    await start();
    unshare('one');
    await eventually(() => nodeNamed(probe.graph, 'lo', 'one'));
    mount(file('one'), 'two');
    const { id, metadata } = nodeNamed(probe.graph, 'one');
    const inside = nodeNamed(probe.graph, 'lo', 'one');
    await new Promise((resolve) => void setTimeout(resolve, 200));
    expect(nodesNamed(probe.graph, 'two')).toEqual([]);
    expect(netns()).toMatchObject({ namespaces: 1, waiting: 0 });

    remove('one');
    await eventually(() => expect(nodeNamed(probe.graph, 'two').id).toBe(id));
    expect(nodeNamed(probe.graph, 'two').metadata).toEqual({ ...metadata, Name: 'two', Path: file('two') });
    expect(ownersOf(probe.graph, probe.graph.node(inside.id)!)).toEqual(['two']);
    // Captures enter by this path.
    expect(probe.interfaceOf(inside.id)?.netnsPath).toBe(file('two'));
    remove('two');
    await eventually(() => expect(probe.graph.node(inside.id)).toBeUndefined());
    expect(probe.graph.node(id)).toBeUndefined();
  });

  it('are told apart when one takes the name of another between two looks', async () => {
    await start();
    unshare('same');
    await eventually(() => nodeNamed(probe.graph, 'lo', 'same'));
    const { id } = nodeNamed(probe.graph, 'same');
    // Both events arrive in one turn.
    remove('same');
    unshare('same');
    await eventually(() => expect(nodeNamed(probe.graph, 'same').id).not.toBe(id));
    await eventually(() => nodeNamed(probe.graph, 'lo', 'same'));
  });
});
