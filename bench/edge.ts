/**
 * The edge, through sockets to plain workerd: flows of probes into shards, out to subscribers, latency and queries meanwhile; each beside the bare
 * runtime that does the least for the same messages (edge-bare.ts). `--json FILE` writes the rows, `--seconds N` says how long each takes,
 * `--only WORD` runs the parts whose name has it.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { shardOf } from '../core/shard-place.ts';
import { startEdgedive, type Analyzer } from '../test/e2e/harness/edgedive.ts';
import { startBare, type Bare } from './edge-bare.ts';
import { bodyOf, CountingSubscriber, LoadProbe, loadFlow } from './edge-load.ts';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline: string;
  readonly ratio: number;
}

const FLOWS_PER_BATCH = 500;
const PROBES = 4;
const SENDS_AHEAD = 16;

interface Plan {
  readonly seconds: number;
  readonly tell: (row: Row) => void;
}

function median(values: readonly number[], share = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Hosts so that each of the shards has its share. */
function hostsFor(shards: number, count: number): string[] {
  const hosts: string[] = [];
  for (let index = 0; hosts.length < count; index++) {
    const host = `load-${index}`;
    if (shardOf(host, shards) === hosts.length % shards) hosts.push(host);
  }
  return hosts;
}

/** Flows a second that are acknowledged; `address` is an analyzer's or the bare runtime's. */
async function ingest(address: string, hosts: readonly string[], seconds: number): Promise<number> {
  const probes = hosts.map((host) => new LoadProbe(address, host));
  await Promise.all(probes.map((probe) => probe.welcomed()));
  const now = Date.now();
  const bodies = hosts.map((host) =>
    bodyOf(Array.from({ length: FLOWS_PER_BATCH }, (_, index) => loadFlow(host, index, 1, now))),
  );
  const load = async (forMs: number): Promise<number> => {
    const startedMs = performance.now();
    const before = probes.reduce((sum, { sent }) => sum + sent, 0);
    await Promise.all(
      probes.map(async (probe, at) => {
        while (performance.now() - startedMs < forMs) await probe.send(bodies[at]!);
        await probe.drained();
      }),
    );
    const batches = probes.reduce((sum, { sent }) => sum + sent, 0) - before;
    return (batches * FLOWS_PER_BATCH * 1_000) / (performance.now() - startedMs);
  };
  await load(500);
  const perSecond = await load(seconds * 1_000);
  for (const probe of probes) probe.close();
  return perSecond;
}

async function ingestRows(bare: Bare, { seconds, tell }: Plan): Promise<void> {
  const empty = await ingest(bare.address, hostsFor(1, PROBES), seconds);
  tell({
    what: 'flows in: bare runtime, undecoded',
    value: empty,
    unit: 'flows/s',
    baseline: 'itself',
    ratio: 1,
  });
  for (const [what, env] of [
    ['flows in: 1 shard, history on', {}],
    ['flows in: 1 shard, history off', { EDGEDIVE_HISTORY: '0s' }],
    ['flows in: 2 shards', { EDGEDIVE_FLOW_SHARDS: '2' }],
    ['flows in: 4 shards', { EDGEDIVE_FLOW_SHARDS: '4' }],
  ] as const) {
    const edgedive = await startEdgedive({ probe: false, env });
    try {
      const shards = 'EDGEDIVE_FLOW_SHARDS' in env ? Number(env.EDGEDIVE_FLOW_SHARDS) : 1;
      const value = await ingest(edgedive.address, hostsFor(shards, PROBES), seconds);
      tell({ what, value, unit: 'flows/s', baseline: 'bare', ratio: value / empty });
    } finally {
      await edgedive.stop();
    }
  }
}

const FORMATS = {
  json: { 'X-Websocket-Namespace': 'flow' },
  protobuf: { 'X-Websocket-Namespace': 'flow', 'X-Client-Protocol': 'protobuf', 'X-Flow-Format': 'protobuf' },
} as const;

async function subscribers(
  address: string,
  count: number,
  headers: Readonly<Record<string, string>>,
): Promise<CountingSubscriber[]> {
  const all: CountingSubscriber[] = [];
  for (let index = 0; index < count; index++)
    all.push(
      await CountingSubscriber.open(address, '/ws/subscriber/flow', {
        'X-Client-Type': 'bench',
        'X-Host-ID': `bench-${index}`,
        ...headers,
      }),
    );
  return all;
}

/** Frames a second that reach all subscribers while `send` is called as often as they keep up with it. */
async function deliveries(
  all: readonly CountingSubscriber[],
  framesPerSend: number,
  send: () => Promise<void> | void,
  seconds: number,
): Promise<number> {
  const counted = (): number => all.reduce((sum, { frames }) => sum + frames, 0);
  const startedMs = performance.now();
  const before = counted();
  let sent = 0;
  while (performance.now() - startedMs < seconds * 1_000) {
    // As many on their way as a probe has unacknowledged.
    while ((sent - SENDS_AHEAD) * framesPerSend * all.length > counted() - before)
      await new Promise((resolve) => setImmediate(resolve));
    await send();
    sent++;
  }
  while (
    counted() - before < sent * framesPerSend * all.length &&
    performance.now() - startedMs < seconds * 1_000 + 10_000
  )
    await new Promise((resolve) => setImmediate(resolve));
  return ((counted() - before) * 1_000) / (performance.now() - startedMs);
}

async function fanOutRows(bare: Bare, { seconds, tell }: Plan): Promise<void> {
  const now = Date.now();
  const flows = Array.from({ length: 100 }, (_, index) => loadFlow('h', index, 1, now));
  for (const [format, headers] of Object.entries(FORMATS))
    for (const count of [1, 10, 100, 1_000]) {
      const edgedive = await startEdgedive({ probe: false });
      try {
        const all = await subscribers(edgedive.address, count, headers);
        const probe = new LoadProbe(edgedive.address, 'h');
        await probe.welcomed();
        const body = bodyOf(flows);
        const ours = await deliveries(all, 1, () => probe.send(body), seconds);
        const frameBytes = all[0]!.bytes / all[0]!.frames;
        for (const one of all) one.close();
        probe.close();
        const same = await bareDeliveries(bare, count, frameBytes, seconds);
        tell({
          what: `fan-out: ${count} subscribers, ${format}, frames of ${Math.round(frameBytes / 1_000)} kB`,
          value: ours * flows.length,
          unit: 'flows/s delivered',
          baseline: `bare ${Math.round(same)} frames/s`,
          ratio: ours / same,
        });
      } finally {
        await edgedive.stop();
      }
    }
}

async function bareDeliveries(
  bare: Bare,
  count: number,
  frameBytes: number,
  seconds: number,
): Promise<number> {
  const all = await subscribers(bare.address, count, {});
  const source = new WebSocket(`ws://${bare.address}/ws/source`, { perMessageDeflate: false });
  await new Promise((resolve) => source.once('open', resolve));
  const text = 'x'.repeat(Math.max(1, Math.round(frameBytes) - 4));
  try {
    return await deliveries(all, 1, () => source.send(text), seconds);
  } finally {
    source.close();
    for (const one of all) one.close();
  }
}

/** From the probe's send to the whole frame at a subscriber, ms, at a rate that nobody has to wait for. */
async function latencies(
  edgedive: Analyzer,
  count: number,
  seconds: number,
  stalled: number,
): Promise<number[]> {
  const quiet = await subscribersOfStall(edgedive, stalled);
  const all = await subscribers(edgedive.address, count, FORMATS.json);
  const probe = new LoadProbe(edgedive.address, 'h');
  await probe.welcomed();
  const body = bodyOf(Array.from({ length: 20 }, (_, index) => loadFlow('h', index, 1, Date.now())));
  let sentMs = 0;
  const found: number[] = [];
  for (const one of all) one.onFrame = () => found.push(performance.now() - sentMs);
  const rounds = Math.round((seconds * 1_000) / 250);
  for (let round = 0; round < rounds + 4; round++) {
    if (round === 4) found.length = 0;
    sentMs = performance.now();
    await probe.send(body);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  for (const one of [...all, ...quiet]) one.close();
  probe.close();
  return found;
}

/** They have so much unread that nothing more is sent to them. */
async function subscribersOfStall(edgedive: Analyzer, count: number): Promise<CountingSubscriber[]> {
  const all: CountingSubscriber[] = [];
  for (let index = 0; index < count; index++) {
    const one = await CountingSubscriber.open(edgedive.address, '/ws/subscriber/flow', {
      'X-Client-Type': 'bench',
      'X-Host-ID': `stalled-${index}`,
      ...FORMATS.json,
    });
    one.pause();
    all.push(one);
  }
  if (count === 0) return all;
  const probe = new LoadProbe(edgedive.address, 'filler');
  await probe.welcomed();
  const body = bodyOf(
    Array.from({ length: FLOWS_PER_BATCH }, (_, index) => loadFlow('f', index, 1, Date.now())),
  );
  for (let batch = 0; batch < 60; batch++) await probe.send(body, 4);
  await probe.drained();
  probe.close();
  return all;
}

async function latencyRows({ seconds, tell }: Plan): Promise<void> {
  const edgedive = await startEdgedive({ probe: false });
  try {
    const alone = await latencies(edgedive, 1, seconds, 0);
    tell({
      what: 'latency, 1 subscriber: median',
      value: median(alone),
      unit: 'ms',
      baseline: 'group commit 100 ms',
      ratio: median(alone) / 100,
    });
    tell({
      what: 'latency, 1 subscriber: p99',
      value: median(alone, 0.99),
      unit: 'ms',
      baseline: 'group commit 100 ms',
      ratio: median(alone, 0.99) / 100,
    });
    const before: number[] = [];
    const after: number[] = [];
    // In turns, because the machine has moods.
    for (let turn = 0; turn < 3; turn++) {
      before.push(...(await latencies(edgedive, 1_000, seconds, 0)));
      after.push(...(await latencies(edgedive, 999, seconds, 1)));
    }
    const p99 = median(before, 0.99);
    tell({
      what: 'latency, 1,000 subscribers: median',
      value: median(before),
      unit: 'ms',
      baseline: '1 subscriber',
      ratio: median(before) / median(alone),
    });
    tell({
      what: 'latency, 1,000 subscribers: p99',
      value: p99,
      unit: 'ms',
      baseline: '1 subscriber',
      ratio: p99 / median(alone, 0.99),
    });
    tell({
      what: 'latency, one of them stalled: p99',
      value: median(after, 0.99),
      unit: 'ms',
      baseline: 'none stalled',
      ratio: median(after, 0.99) / p99,
    });
  } finally {
    await edgedive.stop();
  }
}

async function queryRows({ seconds, tell }: Plan): Promise<void> {
  const edgedive = await startEdgedive({ probe: false });
  const hosts = hostsFor(1, PROBES);
  try {
    const ask = async (): Promise<number> => {
      const startedMs = performance.now();
      await edgedive.query("G.Flows().Has('Network.A', '10.1.0.7').Count()");
      return performance.now() - startedMs;
    };
    const probes = hosts.map((host) => new LoadProbe(edgedive.address, host));
    await Promise.all(probes.map((probe) => probe.welcomed()));
    const bodies = hosts.map((host) =>
      bodyOf(Array.from({ length: FLOWS_PER_BATCH }, (_, index) => loadFlow(host, index, 1, Date.now()))),
    );
    for (const [at, probe] of probes.entries()) await probe.send(bodies[at]!);
    const quiet: number[] = [];
    for (let n = 0; n < 40; n++) quiet.push(await ask());
    // 10,000 flows a second, as a fabric of a thousand hosts with 100 changing flows each.
    const over = new AbortController();
    const load = Promise.all(
      probes.map(async (probe, at) => {
        while (!over.signal.aborted) {
          await probe.send(bodies[at]!);
          await new Promise((resolve) => setTimeout(resolve, (FLOWS_PER_BATCH * PROBES) / 10));
        }
      }),
    );
    const busy: number[] = [];
    const untilMs = performance.now() + seconds * 1_000;
    while (performance.now() < untilMs) busy.push(await ask());
    over.abort();
    await load;
    for (const probe of probes) probe.close();
    tell({
      what: 'query while 10,000 flows/s come: median',
      value: median(busy),
      unit: 'ms',
      baseline: 'while none come',
      ratio: median(busy) / median(quiet),
    });
    tell({
      what: 'query while 10,000 flows/s come: p99',
      value: median(busy, 0.99),
      unit: 'ms',
      baseline: 'while none come',
      ratio: median(busy, 0.99) / median(quiet, 0.99),
    });
  } finally {
    await edgedive.stop();
  }
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
    },
  });
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`,
  );
  const rows: Row[] = [];
  const plan: Plan = {
    seconds: Number(values.seconds),
    tell: (row) => {
      rows.push(row);
      const value = row.value >= 1_000 ? Math.round(row.value).toLocaleString('en') : row.value.toFixed(1);
      console.log(
        `${row.what.padEnd(58)} ${value.padStart(12)} ${row.unit.padEnd(18)} ${row.baseline}: ratio ${row.ratio.toFixed(2)}`,
      );
    },
  };
  const bare = await startBare();
  try {
    const parts: Record<string, () => Promise<void>> = {
      ingest: () => ingestRows(bare, plan),
      'fan-out': () => fanOutRows(bare, plan),
      latency: () => latencyRows(plan),
      query: () => queryRows(plan),
    };
    for (const [name, run] of Object.entries(parts)) if (name.includes(values.only)) await run();
  } finally {
    bare.stop();
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  return 0;
}
