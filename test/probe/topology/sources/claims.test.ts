/** Namespaces that sources claim, by files outside the folders: several claimants, several files, and the host's own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostGraph } from '../../../../probe/topology/host-graph.ts';
import { NetnsFiles } from '../../../../probe/topology/netns-files.ts';
import { isRoot, whyNot } from '../live.ts';

describe.skipIf(!isRoot)(`NetnsFiles.claim (${whyNot})`, () => {
  const docker = { Name: 'web', Manager: 'docker' };
  const runc = { Name: 'abc', Manager: 'runc', Runtime: 'runc', isNickname: true };
  const [one, two] = [{}, {}];
  let base: string;
  let outside: string;
  let inside: string;
  let graph: HostGraph;
  let files: NetnsFiles;
  const run = (command: string, ...words: string[]): void =>
    void execFileSync(command, words, { stdio: 'pipe' });
  const netns = () => [...graph.graph.nodesWith('Type', 'netns')].map(({ metadata }) => metadata);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'edgedive-claims-'));
    mkdirSync(join(base, 'netns'));
    outside = join(base, 'outside');
    inside = join(base, 'netns/cni-1');
    writeFileSync(outside, '');
    run('unshare', `--net=${outside}`, 'true');
    graph = new HostGraph('h');
    graph.putNode('host', { Name: 'h', Type: 'host' });
    files = new NetnsFiles({
      folders: [join(base, 'netns')],
      hostId: 'h',
      host: { nodeId: 'host', tid: 't' },
      graph,
      namespaces: undefined,
      log: () => {},
    });
    files.start();
  });
  afterEach(() => {
    files.stop();
    execFileSync('sh', ['-c', `umount -l ${base}/netns/* ${outside} 2>/dev/null; true`]);
    rmSync(base, { recursive: true });
  });

  it('gives the node of the namespace, named after its claim, until the claim ends', () => {
    const owner = files.claim(one, outside, docker);
    expect(netns()).toEqual([expect.objectContaining({ Name: 'web', Manager: 'docker', Path: outside })]);
    expect(owner).toMatchObject({ nodeId: [...graph.graph.nodesWith('Type', 'netns')][0]!.id });
    expect(files.claim(one, outside, { ...docker, Name: 'shop' })).toEqual(owner);
    expect(netns()[0]).toMatchObject({ Name: 'shop' });
    files.unclaim(one, outside);
    expect(netns()).toEqual([]);
  });

  it('stays while somebody else claims it, and a name comes before a nickname', () => {
    const owner = files.claim(one, outside, runc);
    expect(files.claim(two, outside, docker)).toEqual(owner);
    expect(netns()[0]).toMatchObject({ Name: 'web', Manager: 'docker' });
    files.unclaim(one, outside);
    expect(netns()[0]).toMatchObject({ Name: 'web', Manager: 'docker' });
    files.claim(one, outside, runc);
    files.unclaim(two, outside);
    expect(netns()[0]).toMatchObject({ Name: 'abc', Manager: 'runc', Runtime: 'runc' });
  });

  it('shares the node with a file in a folder, whose name a nickname leaves alone', () => {
    writeFileSync(inside, '');
    run('mount', '--bind', outside, inside);
    files.scan();
    expect(netns()[0]).toMatchObject({ Name: 'cni-1' });
    files.claim(one, outside, runc);
    expect(netns()).toEqual([expect.objectContaining({ Name: 'cni-1', Path: inside, Runtime: 'runc' })]);
    files.claim(two, outside, docker);
    expect(netns()[0]).toMatchObject({ Name: 'web' });
    files.unclaim(one, outside);
    files.unclaim(two, outside);
    expect(netns()[0]).toMatchObject({ Name: 'cni-1', Path: inside });
    expect(netns()[0]).not.toHaveProperty('Manager');
  });

  it('tells what is no namespace from what is not there, and knows the host’s own', () => {
    expect(files.claim(one, '/proc/self/ns/net', docker)).toEqual({ nodeId: 'host', tid: 't' });
    expect(files.claim(one, join(base, 'none'), docker)).toBe('gone');
    expect(files.claim(one, '/proc/self/status', docker)).toBe('closed');
    expect(netns()).toEqual([]);
  });
});
