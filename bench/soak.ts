/**
 * A long run: synthetic probes stand for hosts, each with flows that are told again and again, and subscribers read along. At the end every packet
 * must be where it belongs: what the probes told, what is live, what the log has and what a subscriber heard are one number.
 *
 *   npm run bench -- soak --minutes 30 --hosts 200 --flows 50 --every 5 --subscribers 5
 *
 * Exit status 1 when a number differs or the analyzer's memory grew by half after the first fifth.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { decodeStructMessage } from '../proto/gen/envelope.ts';
import { decodeMessage } from '../proto/gen/flow.ts';
import { startEdgedive, workerdOf, type Analyzer } from '../test/e2e/harness/edgedive.ts';
import { bodyOf, LoadProbe, loadFlow } from './edge-load.ts';

interface Plan {
  readonly minutes: number;
  readonly hosts: number;
  readonly flows: number;
  /** Seconds between two updates of a flow. */
  readonly every: number;
  readonly subscribers: number;
}

interface Heard {
  flows: number;
  packets: number;
}

/** Real protobuf, so that reading costs little. */
async function subscribe(address: string, index: number): Promise<Heard> {
  const heard: Heard = { flows: 0, packets: 0 };
  const socket = new WebSocket(`ws://${address}/ws/subscriber/flow`, {
    headers: {
      'X-Client-Type': 'soak',
      'X-Host-ID': `soak-${index}`,
      'X-Client-Protocol': 'protobuf',
      'X-Flow-Format': 'protobuf',
      'X-Websocket-Namespace': 'flow',
    },
    perMessageDeflate: false,
  });
  socket.on('message', (data: Buffer) => {
    const { Flows } = decodeMessage(decodeStructMessage(data).Obj);
    heard.flows += Flows.length;
    for (const { LastUpdateMetric } of Flows) heard.packets += LastUpdateMetric?.ABPackets ?? 0;
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return heard;
}

/** RSS of the process, MB. */
function memoryOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1_024;
}

interface ShardStatus {
  readonly liveFlows: number;
  readonly history: { readonly flows: number; readonly bytes: number };
  readonly slowDown: { readonly stage: number };
  readonly counters: Readonly<Record<string, number>>;
}

async function shardsOf(edgedive: Analyzer): Promise<readonly ShardStatus[]> {
  const status = (await (await edgedive.get('/api/status')).json()) as {
    Edgedive: { FlowShards: ShardStatus[] };
  };
  return status.Edgedive.FlowShards;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Counters that must stay 0. */
const LOSSES = [
  'batchesMissing',
  'flowsDroppedByProbes',
  'flowsEvicted',
  'flowsStale',
  'flowsForgotten',
  'publishFailures',
  'publishDropped',
];

async function run(edgedive: Analyzer, pid: number, plan: Plan): Promise<boolean> {
  const { hosts, flows, every, minutes } = plan;
  const heard = await Promise.all(
    Array.from({ length: plan.subscribers }, (_, index) => subscribe(edgedive.address, index)),
  );
  const probes = Array.from(
    { length: hosts },
    (_, index) => new LoadProbe(edgedive.address, `soak-${index}`),
  );
  await Promise.all(probes.map((probe) => probe.welcomed()));
  const endMs = performance.now() + minutes * 60_000;
  let told = 0;
  const load = probes.map(async (probe, at) => {
    await new Promise((resolve) => setTimeout(resolve, (every * 1_000 * at) / hosts));
    for (let update = 1; performance.now() < endMs; update++) {
      const startedMs = performance.now();
      const now = Date.now();
      const list = Array.from({ length: flows }, (_, index) => loadFlow(`soak-${at}-`, index, update, now));
      await probe.send(bodyOf(list));
      told += flows;
      await new Promise((resolve) => setTimeout(resolve, startedMs + every * 1_000 - performance.now()));
    }
    await probe.drained();
  });
  const memory: number[] = [];
  const watch = setInterval(() => {
    memory.push(memoryOf(pid));
    console.log(
      `${memory.length} min: ${told} updates told, heard ${heard[0]?.flows ?? 0}, ${memory.at(-1)!.toFixed(0)} MB`,
    );
  }, 60_000);
  await Promise.all(load);
  clearInterval(watch);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const shards = await shardsOf(edgedive);
  const live = await edgedive.query<number>("G.Flows().Sum('Metric.ABPackets')");
  const facts: [what: string, value: number, wanted: number][] = [
    ['messages the shards took', sum(shards.map(({ counters }) => counters['flowMessages']!)), told],
    ['messages in the log', sum(shards.map(({ history }) => history.flows)), told],
    ['packets of live flows', live, told],
    ...heard.map(({ packets }, index): [string, number, number] => [
      `packets heard by subscriber ${index}`,
      packets,
      told,
    ]),
    ...LOSSES.map((name): [string, number, number] => [
      name,
      sum(shards.map(({ counters }) => counters[name]!)),
      0,
    ]),
  ];
  for (const [what, value, wanted] of facts)
    console.log(
      `${value === wanted ? 'ok  ' : 'FAIL'} ${what}: ${value}${value === wanted ? '' : `, not ${wanted}`}`,
    );
  const early = memory[Math.floor(memory.length / 5)] ?? 0;
  const isLevel = memory.length < 5 || memory.at(-1)! < 1.5 * early;
  console.log(
    `${isLevel ? 'ok  ' : 'FAIL'} memory: ${early.toFixed(0)} MB after a fifth, ${memory.at(-1)?.toFixed(0)} MB at the end`,
  );
  for (const probe of probes) probe.close();
  return isLevel && facts.every(([, value, wanted]) => value === wanted);
}

export async function main(args: readonly string[]): Promise<number> {
  const number = (text: string) => ({ type: 'string', default: text }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: number('30'),
      hosts: number('200'),
      flows: number('50'),
      every: number('5'),
      subscribers: number('5'),
    },
  });
  const plan: Plan = {
    minutes: Number(values.minutes),
    hosts: Number(values.hosts),
    flows: Number(values.flows),
    every: Number(values.every),
    subscribers: Number(values.subscribers),
  };
  console.log(
    `${plan.hosts} hosts with ${plan.flows} flows each, told every ${plan.every} s: ${(plan.hosts * plan.flows) / plan.every} updates a second, ${plan.subscribers} subscribers, ${plan.minutes} minutes`,
  );
  const state = mkdtempSync(join(tmpdir(), 'edgedive-soak-'));
  const edgedive = await startEdgedive({
    probe: false,
    args: ['--state', state],
    env: { EDGEDIVE_HISTORY_BYTES: '8GiB' },
  });
  try {
    return (await run(edgedive, workerdOf(state), plan)) ? 0 : 1;
  } finally {
    await edgedive.stop();
    rmSync(state, { recursive: true, force: true });
  }
}
