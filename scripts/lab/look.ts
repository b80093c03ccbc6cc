/** What the laboratory asks of its analyzer: whether the probes are there, captures, and the way of a ping. */
import { containers } from './data-centre.ts';
import type { Traffic } from './traffic.ts';

const WAIT_MS_MAX = 20_000;
const PINGS = 10;

/** The interfaces between the containers, from one end to the other, by name and host. */
export const WAY = [
  'rack1 web eth0',
  'rack1 web-eth0',
  'rack1 br0',
  'rack1 vx100',
  'rack2 vx100',
  'rack2 br0',
  'rack2 db-eth0',
  'rack2 db eth0',
] as const;

interface NodeJson {
  readonly ID: string;
  readonly Host: string;
  readonly Metadata: { readonly Name: string; readonly TID: string; readonly LinkNetNsName?: string };
}

interface FlowJson {
  readonly NodeTID: string;
  readonly TrackingID: string;
  readonly Metric: { readonly ABPackets: number; readonly BAPackets: number };
}

export async function ask<T>(analyzer: URL, GremlinQuery: string): Promise<T> {
  const answer = await fetch(new URL('/api/topology', analyzer), {
    method: 'POST',
    body: JSON.stringify({ GremlinQuery }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${GremlinQuery}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Tries until it is true; rejects when that takes too long. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS_MAX;
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ${WAIT_MS_MAX / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Resolves when each host's container is in the graph. */
export async function waitForProbes(analyzer: URL, hosts: readonly string[]): Promise<void> {
  await until(`probes on ${hosts.join(' and ')}`, async () => {
    const macs = Object.values(containers).map(({ mac }) => `G.V().Has('MAC','${mac}').Count()`);
    const counts = await Promise.all(macs.map((query) => ask<number>(analyzer, query)));
    return counts.every((count) => count === 1);
  });
}

/** Captures on everything between the two containers; resolves when all of them run. */
export async function captureAlongTheWay(analyzer: URL): Promise<string> {
  const query = "G.V().Has('Name', Within('eth0','web-eth0','db-eth0','br0','vx100'), 'MTU', 1450)";
  const answer = await fetch(new URL('/api/capture', analyzer), {
    method: 'POST',
    body: JSON.stringify({ GremlinQuery: query, BPFFilter: 'icmp' }),
  });
  if (answer.status !== 201) throw new Error(`capture: ${answer.status} ${await answer.text()}`);
  const { UUID } = (await answer.json()) as { UUID: string };
  await until('captures', async () => {
    const found = await fetch(new URL(`/api/capture/${UUID}`, analyzer));
    return ((await found.json()) as { Count: number }).Count === WAY.length;
  });
  return UUID;
}

/** Ten pings, and where the analyzer saw them; true when that was everywhere, each of them, in order. */
export async function followPing(
  analyzer: URL,
  traffic: Traffic,
  print: (line: string) => void,
): Promise<boolean> {
  traffic.ping(PINGS);
  const query = `G.Flows().Has('Application','ICMPv4','Network.A','${containers.web.address}')`;
  const flows = await ask<FlowJson[]>(analyzer, query);
  const hops = await ask<NodeJson[]>(analyzer, `${query}.Hops()`);
  const shown = hops.map((hop) => hopName(hop));
  print(`the way of ${PINGS} pings from web to db, as two probes saw it:`);
  for (const [i, hop] of hops.entries()) {
    const flow = flows.find(({ NodeTID }) => NodeTID === hop.Metadata.TID);
    const { ABPackets = 0, BAPackets = 0 } = flow?.Metric ?? {};
    print(`  ${shown[i]!.padEnd(16)} ${ABPackets} there, ${BAPackets} back`);
  }
  const isWhole = shown.join() === WAY.join();
  // The bridge's own interface sees what is flooded, not what it forwards.
  print(isWhole ? 'all there, in order' : `expected: ${WAY.join(', ')}`);
  return isWhole;
}

/** `rack1 web eth0` for what is in a container. */
export function hopName({ Host, Metadata }: NodeJson): string {
  const isInside = Metadata.Name === 'eth0';
  const inside = Object.values(containers).find(({ host }) => host === Host)?.name;
  return `${Host} ${isInside ? `${inside} ` : ''}${Metadata.Name}`;
}
