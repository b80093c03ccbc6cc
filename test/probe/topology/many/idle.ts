/**
 * What discovery costs while nothing changes: node idle.ts TICK_MS TICKS prints {interfaces, startMs, cpuMs, wallMs,
 * rssMb}, the CPU time of the whole process over so many ticks. The child of many-interfaces.test.ts; with 30000 and 2
 * it gives the figures of docs/design/discovery.md.
 */
import { createTopologyProbe } from '../../../../probe/topology/topology.ts';

const [tickMs = 5_000, ticks = 2] = process.argv.slice(2).map(Number);
const probe = createTopologyProbe({ hostId: 'idle', netnsDirs: [], metricsUpdateMs: tickMs, log: () => {} });
const startedMs = performance.now();
await probe.start();
const startMs = performance.now() - startedMs;
const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
// Duplicate address detection, neighbours, and whatever a new process has to do.
await wait(4_000);

const before = process.cpuUsage();
const fromMs = performance.now();
await wait(tickMs * ticks);
const { user, system } = process.cpuUsage(before);
const netlink = probe.status()['netlink'] as { interfaces: number };
process.stdout.write(
  JSON.stringify({
    interfaces: netlink.interfaces,
    startMs,
    cpuMs: (user + system) / 1_000,
    wallMs: performance.now() - fromMs,
    rssMb: process.memoryUsage.rss() / 1_048_576,
  }),
);
probe.stop();
