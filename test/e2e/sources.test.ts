/**
 * A container of a real Docker engine as the analyzer shows it: found by its labels, with the way from the host
 * through its namespace; captured on; the process at the end of a flow named.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerEngine, hasDocker, whyNoDocker } from '../probe/topology/sources/docker-engine.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';

const DEV = `ds${process.pid.toString(36)}`;
const HERE = '10.254.77.1';
const THERE = '10.254.77.2';
const PORT = 4_712;

interface NodeJson {
  ID: string;
  Metadata: Record<string, unknown>;
}

describe.skipIf(skipUnlessRoot() || !hasDocker)(`a container (${whyNoDocker})`, () => {
  let engine: DockerEngine;
  let cannot: string | undefined;
  let edgedive: Analyzer;
  let server: ChildProcess | undefined;
  let pid = 0;

  beforeAll(async () => {
    engine = new DockerEngine();
    const sources = `docker=${engine.socket},socketinfo=1s`;
    const started = startEdgedive({ env: { EDGEDIVE_SOURCES: sources } });
    cannot = await engine.startOrSay();
    edgedive = await started;
    if (cannot !== undefined) return;
    const id = await engine.run('shop', { labels: { 'com.example.tier': 'front' } });
    pid = (JSON.parse(await engine.ask('GET', `/containers/${id}/json`)) as { State: { Pid: number } }).State
      .Pid;
    const inside = ['nsenter', '--net', '--target', String(pid)] as const;
    const run = (...[command, ...args]: [string, ...string[]]) =>
      execFileSync(command, args, { stdio: 'pipe' });
    run('ip', 'link', 'add', DEV, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    run('ip', 'addr', 'add', `${HERE}/24`, 'dev', DEV);
    run('ip', 'link', 'set', DEV, 'up');
    run(...inside, 'ip', 'addr', 'add', `${THERE}/24`, 'dev', 'eth0');
    run(...inside, 'ip', 'link', 'set', 'eth0', 'up');
    // The kind of program that a container runs: it answers, and stays connected.
    const program = `require("net").createServer((s) => s.write("hello")).listen(${PORT})`;
    server = spawn(inside[0], [...inside.slice(1), process.execPath, '-e', program], { stdio: 'ignore' });
  });
  beforeEach((context) => {
    if (cannot !== undefined) context.skip(`no container can run here: ${cannot}`);
  });
  afterAll(async () => {
    server?.kill('SIGKILL');
    await edgedive.stop();
    await engine.stop();
  });

  it('is found by a label, and from the host through its namespace', async () => {
    const byLabel = "G.V().Has('Container.Labels.com.example.tier','front')";
    const [node] = await eventually(async () => {
      const found = await edgedive.query<NodeJson[]>(byLabel);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(node!.Metadata).toMatchObject({ Name: 'shop', Type: 'container', Manager: 'docker' });
    const path =
      "G.V().Has('Type','host').Out('Type','netns').Has('Manager','docker').Out('Type','container').Values('Name')";
    expect(await edgedive.query(path)).toEqual(['shop']);
    expect(await (await edgedive.get('/api/status')).text()).toMatch(/"docker":\{"state":"running"/);
  });

  it('is captured on, and the processes at both ends of a flow are named', async () => {
    const eth0 = "G.V().Has('Name','shop','Type','netns').Out('Name','eth0')";
    await eventually(async () => expect(await edgedive.query(eth0)).toHaveLength(1));
    await edgedive.post('/api/capture', { GremlinQuery: eth0 });
    const active = `${eth0}.Has('Captures.State','active')`;
    await eventually(async () => expect(await edgedive.query(active)).toHaveLength(1));
    const program = `require("net").connect(${PORT},"${THERE}").on("error",()=>process.exit(1))`;
    const client = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
    try {
      const sockets = `G.Flows().Has('Transport.B',${PORT}).Sockets().Values('Pid')`;
      await eventually(async () =>
        expect(new Set(await edgedive.query<number[]>(sockets))).toEqual(new Set([client.pid, server!.pid])),
      );
    } finally {
      client.kill('SIGKILL');
    }
  });

  it('is gone when it is removed', async () => {
    await engine.remove('shop');
    await eventually(async () => {
      expect(await edgedive.query("G.V().Has('Type','container')")).toEqual([]);
    });
  });
});
