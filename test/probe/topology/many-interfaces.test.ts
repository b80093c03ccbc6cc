/** Many namespaces in a short time, and many interfaces for a long one. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timings } from '../../../core/limits.ts';
import { createTopologyProbe, type TopologyProbe } from '../../../probe/topology/topology.ts';
import {
  eventually,
  ip,
  ipLinks,
  isRoot,
  layer2Of,
  nodeNamed,
  ownersOf,
  textOf,
  tryIp,
  whyNot,
} from './live.ts';

const here = (file: string): string => fileURLToPath(new URL(`many/${file}`, import.meta.url));

/** `ip` with these lines, while the probe goes on. */
function ipBatch(lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(said))));
    child.stdin.end(`${lines.join('\n')}\n`);
  });
}

describe.skipIf(!isRoot)(`two hundred namespaces with a veth each (${whyNot})`, () => {
  const COUNT = 200;
  /**
   * On a machine of its own the graph equals the world within milliseconds; other tests work with links meanwhile. Less than
   * `timings.metricsUpdateMs`, whose reading anew would hide an event that was lost.
   */
  const PATIENCE_MS = 20_000;
  const tag = process.pid.toString(36);
  const netnsName = (n: number): string => `tp-m-${tag}-${n}`;
  const linkName = (n: number): string => `tm${tag}x${n}`;
  const all = Array.from({ length: COUNT }, (_, n) => n);
  const logged: string[] = [];
  let probe: TopologyProbe;

  beforeEach(async () => {
    probe = createTopologyProbe({ hostId: 'tp-host', log: (line) => logged.push(line) });
    await probe.start();
  });
  afterEach(() => probe.stop());
  afterAll(() => {
    for (const n of all) tryIp(`netns del ${netnsName(n)}`);
  });

  /** [namespaces, outer ends that are joined to an eth0 in the namespace of the same number] */
  const world = (): string[] => {
    const names = new Set(
      ip('netns list')
        .split('\n')
        .map((line) => line.split(' ')[0]!),
    );
    const links = new Set(ipLinks().map((link) => link.ifname));
    return all.flatMap((n) => [
      ...(names.has(netnsName(n)) ? [netnsName(n)] : []),
      ...(links.has(linkName(n)) ? [`${linkName(n)} in ["${netnsName(n)}"]`] : []),
    ]);
  };
  const graph = (): string[] => {
    const nodes = [...probe.graph.nodes()];
    const names = new Set(nodes.map((node) => textOf(node, 'Name')));
    return all.flatMap((n) => [
      ...(names.has(netnsName(n)) ? [netnsName(n)] : []),
      ...(names.has(linkName(n)) ? [`${linkName(n)} in ${innerOwner(linkName(n))}`] : []),
    ]);
  };
  const innerOwner = (name: string): string => {
    const outer = nodeNamed(probe.graph, name);
    const edge = [...probe.graph.edgesOut(outer.id), ...probe.graph.edgesIn(outer.id)].find(
      ({ metadata }) => metadata['Type'] === 'veth',
    );
    if (edge === undefined) return 'nobody';
    const inner = probe.graph.node(edge.parent === outer.id ? edge.child : edge.parent)!;
    return JSON.stringify(ownersOf(probe.graph, inner));
  };
  const orphans = (): string[] =>
    [...probe.graph.nodes()]
      .filter((node) => textOf(node, 'Type') !== 'host' && ownersOf(probe.graph, node).length !== 1)
      .map((node) => textOf(node, 'Name'));

  it('made and deleted quickly leave the graph equal to the world', async () => {
    const make = (n: number): string[] => [
      `netns add ${netnsName(n)}`,
      `link add ${linkName(n)} type veth peer name eth0 netns ${netnsName(n)}`,
      `link set ${linkName(n)} up`,
    ];
    const remove = (n: number): string[] => [`netns del ${netnsName(n)}`];
    // Some go while others come.
    await ipBatch(all.flatMap((n) => [...make(n), ...(n % 4 === 3 ? remove(n - 2) : [])]));
    await eventually(() => expect(graph()).toEqual(world()), PATIENCE_MS);
    expect(graph()).toHaveLength(COUNT + COUNT / 2);
    await ipBatch(all.filter((n) => n % 4 !== 1).flatMap(remove));
    await eventually(() => expect([graph(), world()]).toEqual([[], []]), PATIENCE_MS);
    expect(orphans()).toEqual([]);
    expect(probe.status()['netlink']).toMatchObject({ state: 'running', failures: 0, lastError: null });
    // A veth that goes while its driver is asked is told once.
    expect(logged.filter((line) => !line.includes('was gone before'))).toEqual([]);
    expect(logged.length).toBeLessThanOrEqual(1);
  }, 90_000);

  it('of which every second one is joined to the next say so, whatever their indexes', async () => {
    const some = all.slice(0, 40);
    await ipBatch(some.map((n) => `netns add ${netnsName(n)}`));
    // All ends have the same index.
    const pairs = some.filter((n) => n % 2 === 0);
    for (const n of pairs)
      ip(
        `-n ${netnsName(n)} link add eth0 index 77 type veth peer name eth0 index 77 netns ${netnsName(n + 1)}`,
      );
    await eventually(() => {
      for (const n of pairs) {
        const [a, b] = [n, n + 1].map((at) => nodeNamed(probe.graph, 'eth0', netnsName(at)));
        expect(layer2Of(probe.graph, a!)).toEqual(['eth0>eth0 veth']);
        const ends = [...probe.graph.edgesOut(a!.id), ...probe.graph.edgesIn(a!.id)].flatMap(
          ({ parent, child, metadata }) => (metadata['Type'] === 'veth' ? [parent, child] : []),
        );
        expect(ends.sort()).toEqual([a!.id, b!.id].sort());
        expect(a!.metadata['LinkNetNsName']).toBe(netnsName(n + 1));
      }
    }, PATIENCE_MS);
    await ipBatch(some.map((n) => `netns del ${netnsName(n)}`));
    await eventually(() => expect(graph()).toEqual([]), PATIENCE_MS);
  }, 90_000);
});

describe.skipIf(!isRoot)(`five hundred interfaces (${whyNot})`, () => {
  it('cost less than a hundredth of a core while nothing changes', () => {
    const [tickMs, ticks] = [4_000, 2];
    const made = spawnSync(
      'unshare',
      ['--net', 'sh', here('build.sh'), '500', process.execPath, here('idle.ts'), `${tickMs}`, `${ticks}`],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(made.stderr).toBe('');
    const { interfaces, cpuMs } = JSON.parse(made.stdout) as { interfaces: number; cpuMs: number };
    expect(interfaces).toBe(501);
    // Ticks come seven times as often here as in a probe, and are nearly all of the cost.
    const share = cpuMs / ticks / timings.metricsUpdateMs;
    console.warn(`500 interfaces: ${(share * 100).toFixed(2)} % of a core`);
    expect(share).toBeLessThan(0.01);
  }, 70_000);
});
