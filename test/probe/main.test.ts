/** The probe as a process: how it starts, what it says, and that it ends in order. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { NodeJson } from '../../core/wire/element-json.ts';
import { FlowFinishType } from '../../proto/gen/flow.ts';
import { FakeAnalyzer, until } from './link/fake-analyzer.ts';
import { createVethLab, isAlive, skipCaptures } from './capture/veth-lab.ts';

const MAIN = fileURLToPath(new URL('../../probe/main.ts', import.meta.url));
let nextPort = 18_460;
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Running {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function startMain(...args: string[]): Running {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args]);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  cleanups.push(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, stderr: () => text, ended };
}

async function analyzerOf(): Promise<FakeAnalyzer> {
  const analyzer = await new FakeAnalyzer(nextPort++).start();
  cleanups.push(() => analyzer.kill());
  return analyzer;
}

const TOPOLOGY = '/ws/probe/topology';
const FLOW = '/ws/probe/flow';
const isUp = (analyzer: FakeAnalyzer) => () =>
  analyzer.socket(FLOW)?.hello !== undefined &&
  analyzer.socket(TOPOLOGY)?.received.some((message) => message.kind === 'sync') === true;

function nodesOf(analyzer: FakeAnalyzer): NodeJson[] {
  return analyzer
    .socket(TOPOLOGY)!
    .received.flatMap((message) => {
      if (message.kind === 'sync') return message.sync.nodes;
      return message.kind === 'changes' ? message.changes.changes.map((change) => change.element) : [];
    })
    .map((text) => JSON.parse(text) as NodeJson);
}

/** Processes whose parent is this one. */
async function childrenOf(pid: number): Promise<number[]> {
  const listing = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)]);
  let text = '';
  listing.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(listing, 'close');
  return text.split(/\s+/).filter(Boolean).map(Number);
}

describe('probe/main.ts', () => {
  it('says in one line what is wrong with a setting, and ends with 2', async () => {
    const { ended, stderr } = startMain('--analyzer', 'nonsense://x');
    expect(await ended).toBe(2);
    expect(stderr()).toBe('edgedive probe: --analyzer: not an address: nonsense://x\n');
  });

  it('sends host and interfaces, the same incarnation on both sockets, and its status', async () => {
    const analyzer = await analyzerOf();
    startMain('--analyzer', analyzer.url, '--host-id', 'host-7', '--token', 'abc');
    await until('up', isUp(analyzer), 10_000);
    const [topology, flow] = [analyzer.socket(TOPOLOGY)!, analyzer.socket(FLOW)!];
    expect(topology.hello!.incarnation).toBe(flow.hello!.incarnation);
    expect(topology.headers).toMatchObject({ 'x-host-id': 'host-7', authorization: 'Bearer abc' });
    const nodes = nodesOf(analyzer);
    expect(nodes.find((node) => node.Metadata['Type'] === 'host')).toMatchObject({
      Host: 'host-7',
      Metadata: { Name: 'host-7' },
    });
    expect(nodes.map((node) => node.Metadata['Name'])).toContain('lo');
    await until('status', () => topology.received.some((message) => message.kind === 'status'));
    const status = topology.received.find((message) => message.kind === 'status')!;
    expect(JSON.parse(status.kind === 'status' ? status.json : '')).toMatchObject({
      incarnation: topology.hello!.incarnation,
      captures: { wanted: 0 },
      links: { flow: { flowsDropped: 0 } },
    });
  }, 20_000);

  it('ends with 0 when standard input closes, if told to watch it', async () => {
    const analyzer = await analyzerOf();
    const { child, ended } = startMain('--analyzer', analyzer.url, '--parent-watch');
    await until('up', isUp(analyzer), 10_000);
    const grandchildren = await childrenOf(child.pid!);
    child.stdin!.end();
    expect(await ended).toBe(0);
    await until('its processes gone', () => !grandchildren.some(isAlive));
  }, 20_000);

  it('leaves no capture process behind when it is killed', async () => {
    const analyzer = await analyzerOf();
    const { child, ended } = startMain('--analyzer', analyzer.url);
    await until('up', isUp(analyzer), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const grandchildren = await childrenOf(child.pid!);
    child.kill('SIGKILL');
    await ended;
    await until('its processes gone', () => !grandchildren.some(isAlive));
  }, 20_000);
});

describe.skipIf(skipCaptures())('probe/main.ts with captures', () => {
  it('on SIGTERM delivers the last flows with TIMEOUT, says goodbye and ends with 0 within two seconds', async () => {
    const lab = createVethLab();
    cleanups.push(() => lab.remove());
    const analyzer = await analyzerOf();
    const { child, ended } = startMain('--analyzer', analyzer.url, '--host-id', 'h');
    await until('up', isUp(analyzer), 10_000);
    const mac = /link\/ether (\S+)/.exec(lab.in(lab.b, '-o', 'link', 'show', 'eth0'))![1];
    const captured = () => nodesOf(analyzer).findLast(({ Metadata }) => Metadata['MAC'] === mac);
    await until('the interface', () => captured() !== undefined, 10_000);
    const capture = JSON.stringify({ UUID: 'u1', GremlinQuery: 'G.V()', Count: 0, BPFFilter: 'icmp' });
    analyzer.send(TOPOLOGY, {
      captures: { sequence: 1, captures: [{ capture, node_ids: [captured()!.ID] }] },
    });
    await until('active', () =>
      JSON.stringify(captured()!.Metadata['Captures'] ?? null).includes('"active"'),
    );
    await lab.ping(3);
    const grandchildren = await childrenOf(child.pid!);
    const started = Date.now();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(Date.now() - started).toBeLessThan(2_000);
    const flows = analyzer.durable.flatMap((batch) => batch.flows);
    const packets = flows.reduce(
      (sum, { LastUpdateMetric: last }) => sum + last!.ABPackets + last!.BAPackets,
      0,
    );
    expect(packets).toBe(6);
    expect(flows.filter((flow) => flow.FinishType === FlowFinishType.TIMEOUT)).toHaveLength(1);
    for (const path of [FLOW, TOPOLOGY])
      expect(analyzer.socket(path)!.received.at(-1)).toEqual({ kind: 'goodbye', reason: 'SIGTERM' });
    expect(grandchildren.filter(isAlive)).toEqual([]);
  }, 30_000);
});
