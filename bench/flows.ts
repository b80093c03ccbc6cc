/**
 * How fast packets become flows: on one core and from memory, decoding alone and with the flow table at several sizes,
 * beside the decoders of npm `cap` over the same bytes; and live from a veth (`live.ts`).
 *
 *   npm run bench -- flows [--json FILE] [--seconds N] [--only memory|live]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FlowTable } from '../core/flow/table.ts';
import type { FlowTableOptions } from '../core/flow/table.ts';
import { decodePacket } from '../core/packet/decode.ts';
import { LayerType, Layers } from '../core/packet/layers.ts';
import { makePackets } from './flow-packets.ts';
import type { PacketSet } from './flow-packets.ts';
import { measureLive, type LiveRow } from './live.ts';

interface Row {
  readonly name: string;
  readonly packetsPerSecond: number;
  /** Against the baseline of the same packets. */
  readonly ratio?: number;
  readonly bytesPerFlow?: number;
  readonly birthsPerSecond?: number;
}

interface Memory {
  readonly rssMiB: number;
  readonly idleMiB: number;
  readonly bytesPerFlow: number;
}

const MEMORY_FLOWS = 100_000;
const PACKETS = 400_000;
const START_MS = 1_700_000_000_000;

/** Runs whole passes for the time given; packets a second of the best pass, because the machine is shared. */
function measure(count: number, seconds: number, pass: () => void, prepare?: () => void): number {
  pass();
  let best = Infinity;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    prepare?.();
    const start = performance.now();
    pass();
    best = Math.min(best, performance.now() - start);
  }
  return (count / best) * 1000;
}

interface CapDecoders {
  Ethernet(buffer: Buffer, offset: number): { info: { type: number }; offset: number };
  IPV4(buffer: Buffer, offset: number): { info: { protocol: number }; offset: number };
  TCP(buffer: Buffer, offset: number): unknown;
  UDP(buffer: Buffer, offset: number): unknown;
  ICMPV4(buffer: Buffer, offset: number): unknown;
}

function capDecoders(): CapDecoders | undefined {
  try {
    return createRequire(import.meta.url)('cap/lib/Decoders.js') as CapDecoders;
  } catch {
    return undefined;
  }
}

/** cap's decoders as its README chains them. */
function measureCap(set: PacketSet, seconds: number): number | undefined {
  const decoders = capDecoders();
  if (decoders === undefined) return undefined;
  const buffers = Array.from({ length: set.count }, (_, i) =>
    Buffer.from(set.bytes.buffer, set.offsets[i], set.lengths[i]),
  );
  return measure(set.count, seconds, () => {
    for (const buffer of buffers) {
      const ethernet = decoders.Ethernet(buffer, 0);
      if (ethernet.info.type !== 0x0800) continue;
      const ip = decoders.IPV4(buffer, ethernet.offset);
      if (ip.info.protocol === 6) decoders.TCP(buffer, ip.offset);
      else if (ip.info.protocol === 17) decoders.UDP(buffer, ip.offset);
      else decoders.ICMPV4(buffer, ip.offset);
    }
  });
}

function measureDecode(set: PacketSet, seconds: number): number {
  const layers = new Layers();
  let sum = 0;
  const rate = measure(set.count, seconds, () => {
    for (let i = 0; i < set.count; i++) {
      const at = set.offsets[i]!;
      decodePacket(layers, set.bytes, at, at + set.lengths[i]!, LayerType.Ethernet);
      sum += layers.count;
    }
  });
  if (sum === 0) throw new Error('nothing was decoded');
  return rate;
}

/** The table fed pass after pass with a tick every 250 ms of packet time, at a million packets a second. */
function measureTable(
  set: PacketSet,
  flows: number,
  seconds: number,
  options: Partial<FlowTableOptions>,
): { rate: number; table: FlowTable; births: number } {
  const table = new FlowTable({ nodeTid: 'bench', captureId: 'bench', ...options });
  let time = START_MS;
  let since = 0;
  const feed = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      table.feed(set.bytes, set.offsets[i]!, set.lengths[i]!, set.lengths[i]!, time, 0);
      if (++since === 1000) {
        since = 0;
        time++;
        if (time % 250 === 0) table.tick(time);
      }
    }
  };
  const start = performance.now();
  feed(0, flows);
  const births = (flows / (performance.now() - start)) * 1000;
  feed(flows, set.count);
  set.advance();
  const rate = measure(
    set.count,
    seconds,
    () => feed(0, set.count),
    () => set.advance(),
  );
  if (table.size !== flows) throw new Error(`${table.size} flows live, ${flows} expected`);
  return { rate, table, births };
}

/** Of a process of its own. */
function memoryOf(flows: number): Memory {
  const file = fileURLToPath(new URL('flow-memory.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', file, String(flows)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Memory;
}

function round(value: number): number {
  return Math.round(value);
}

/** Prints the rows; exit status 0. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      seconds: { type: 'string', default: '2' },
      only: { type: 'string' },
    },
  });
  const seconds = Number(values.seconds);
  process.stdout.write(
    `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; best pass of ${seconds} s\n`,
  );
  const fromMemory = values.only === 'live' ? {} : measureFromMemory(seconds);
  const live: LiveRow[] = [];
  if (values.only !== 'memory')
    await measureLive(seconds, (row) => {
      live.push(row);
      process.stdout.write(`${liveLine(row)}\n`);
    });
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, ...fromMemory, live }, null, 2)}\n`,
    );
  return 0;
}

function liveLine(row: LiveRow): string {
  return [
    `${row.name.padEnd(36)} ${String(row.frameBytes).padStart(5)} B ${(row.offered / 1e3).toFixed(0).padStart(4)}k/s`,
    `lost ${row.lostPercent.toFixed(2)} % (${row.lost}, kernel counted ${row.counted})`,
    `${row.cores.toFixed(3)} cores  ${row.microsecondsPerPacket.toFixed(2)} µs/packet`,
    ...(row.ratio === undefined ? [] : [`${row.ratio.toFixed(2)}x tcpdump`]),
  ].join('  ');
}

/** Prints the rows as they come. */
function measureFromMemory(seconds: number): { rows: Row[]; memory: Memory & { flows: number } } {
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    const parts = [
      `${row.name.padEnd(46)} ${(row.packetsPerSecond / 1e6).toFixed(2).padStart(7)} M packets/s`,
    ];
    if (row.ratio !== undefined) parts.push(`${row.ratio.toFixed(1)}x`);
    if (row.birthsPerSecond !== undefined) parts.push(`${(row.birthsPerSecond / 1e3).toFixed(0)}k births/s`);
    if (row.bytesPerFlow !== undefined) parts.push(`${row.bytesPerFlow} B/flow`);
    process.stdout.write(`${parts.join('  ')}\n`);
  };
  const small = makePackets(100, PACKETS);
  const cap = measureCap(small, seconds);
  if (cap === undefined) process.stdout.write('cap is not installed: no baseline\n');
  else add({ name: 'decoders of cap (baseline)', packetsPerSecond: round(cap), ratio: 1 });
  const withRatio = (rate: number) => (cap === undefined ? {} : { ratio: rate / cap });
  const decode = measureDecode(small, seconds);
  add({ name: 'decode', packetsPerSecond: round(decode), ...withRatio(decode) });
  const full = { extraTcpMetric: true, ipDefrag: true, reassembleTcp: true };
  for (const flows of [100, 10_000, 100_000]) {
    for (const [label, options] of [
      ['', {}],
      [', TCP metrics, defrag, reassembly', full],
    ] as const) {
      const set = makePackets(flows, PACKETS);
      const { rate, table, births } = measureTable(set, flows, seconds, options);
      add({
        name: `decode + table, ${flows} flows${label}`,
        packetsPerSecond: round(rate),
        ...withRatio(rate),
        birthsPerSecond: round(births),
        bytesPerFlow: round(table.bytes / flows),
      });
    }
  }
  const memory = memoryOf(MEMORY_FLOWS);
  process.stdout.write(
    `a process with ${MEMORY_FLOWS} live flows: RSS ${memory.rssMiB} MiB (${memory.idleMiB} without), ${memory.bytesPerFlow} B/flow\n`,
  );
  return { rows, memory: { flows: MEMORY_FLOWS, ...memory } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
