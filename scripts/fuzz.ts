/**
 * Feeds damaged packets to the flow table for as long as asked, starting from the packets of a capture directory:
 * `node scripts/fuzz.ts --seconds 60 [--seed N] [--pcap DIR]`. Checks what must hold for any bytes: nothing throws or
 * takes long, no byte is lost, every flow can be shown and read back. Prints the seed; exit status 1 with the packets
 * that broke a rule, in hexadecimal.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../core/errors.ts';
import { FlowTable } from '../core/flow/table.ts';
import type { FlowTableOptions } from '../core/flow/table.ts';
import { PcapReader } from '../core/packet/pcap-file.ts';
import { flowFromJson, flowToJson } from '../core/wire/flow-json.ts';
import { decodeFlow, encodeFlow } from '../proto/gen/flow.ts';

const LINK_TYPES = [1, 1, 1, 0, 9, 12, 51, 113, 228, 229, 276];
/** A packet that takes longer is an attack that works. CPU time, because the machine may be busy with something else. */
const FEED_CPU_MS_MAX = 100;
const START_MS = 1_700_000_000_000;

function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) % below) | 0;
  };
}

function readSeeds(directory: string): Uint8Array[] {
  const seeds: Uint8Array[] = [];
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.pcap'))) {
    const reader = new PcapReader();
    for (const packet of reader.push(readFileSync(join(directory, name))))
      seeds.push(packet.bytes.slice(0, 2000));
  }
  return seeds;
}

/** One packet made from one or two others. */
function mutate(seeds: readonly Uint8Array[], random: (below: number) => number): Uint8Array {
  const seed = seeds[random(seeds.length)]!;
  let bytes = seed.slice();
  for (let i = random(5); i > 0 && bytes.length > 0; i--) {
    const at = random(Math.min(bytes.length, 120));
    switch (random(5)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at]! ^= 1 << random(8);
        break;
      case 2:
        bytes = bytes.slice(0, random(bytes.length + 1));
        break;
      case 3: {
        const other = seeds[random(seeds.length)]!;
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(random(40))]).subarray(0, 3000);
        break;
      }
      default:
        bytes.fill(random(2) * 255, at, at + 1 + random(4));
    }
  }
  return bytes;
}

function anyOptions(random: (below: number) => number): FlowTableOptions {
  return {
    nodeTid: 'node',
    captureId: 'capture',
    layerKeyMode: random(2) === 0 ? 'L2' : 'L3',
    linkType: LINK_TYPES[random(LINK_TYPES.length)],
    extraTcpMetric: random(2) === 0,
    ipDefrag: random(2) === 0,
    reassembleTcp: random(2) === 0,
    extraLayers: random(8),
    rawPacketLimit: random(3),
    mplsUdpPorts: random(2) === 0 ? [51234] : [],
    entriesMax: 1 + random(300),
    hashSeed: random(2 ** 31),
    fastPath: random(4) > 0,
  };
}

/** Feeds one table and checks it. Throws with a reason. Returns how many packets. */
function round(
  seeds: readonly Uint8Array[],
  random: (below: number) => number,
): { packets: number; fed: Uint8Array[] } {
  const options = anyOptions(random);
  const table = new FlowTable(options);
  const fed: Uint8Array[] = [];
  const count = 1 + random(400);
  let time = START_MS;
  let bytesIn = 0;
  let bytesOut = 0;
  const show = (flows: readonly ReturnType<FlowTable['snapshot']>[number][]) => {
    for (const flow of flows) {
      const text = flowToJson(flow);
      const again = flowToJson(flowFromJson(text));
      if (again !== text) throw new Error(`JSON is not read back: ${text} became ${again}`);
      const { LastRawPackets: _, ...rest } = decodeFlow(encodeFlow(flow).finish());
      if (flowToJson({ ...rest, LastRawPackets: [] }) !== text)
        throw new Error(`protobuf is not read back: ${text}`);
    }
  };
  const take = (output: ReturnType<FlowTable['tick']>) => {
    show(output.flows);
    for (const { ParentUUID, LastUpdateMetric } of output.flows)
      if (ParentUUID === '') bytesOut += LastUpdateMetric!.ABBytes + LastUpdateMetric!.BABytes;
  };
  try {
    for (let i = 0; i < count; i++) {
      const bytes = mutate(seeds, random);
      const wireLength = bytes.length + random(3) * random(1000);
      fed.push(bytes);
      bytesIn += wireLength;
      const start = process.cpuUsage();
      table.feed(bytes, 0, bytes.length, wireLength, time, random(1_000_000));
      const { user, system } = process.cpuUsage(start);
      if (user + system > FEED_CPU_MS_MAX * 1000) throw new Error('a packet took too long');
      time += random(50);
      if (random(40) === 0) take(random(2) === 0 ? table.tick(time) : table.flush(time));
    }
    show(table.snapshot());
    take(table.stop(time));
    // Only with Ethernet every packet counts with its length on the wire.
    const { counters } = table;
    const lost = bytesIn - bytesOut - counters.bytesIgnored - counters.fragmentBytesDropped;
    if (options.linkType === 1 && lost !== 0) throw new Error(`${lost} bytes lost`);
    if (counters.flowsCreated !== counters.flowsEnded) throw new Error('flows neither live nor ended');
  } catch (error) {
    throw new FuzzFailure(`${messageOf(error)}\noptions ${JSON.stringify(options)}`, fed, { cause: error });
  }
  return { packets: count, fed };
}

class FuzzFailure extends Error {
  readonly fed: readonly Uint8Array[];

  constructor(message: string, fed: readonly Uint8Array[], options: ErrorOptions) {
    super(message, options);
    this.fed = fed;
  }
}

/** Exit status: 0, or 1 when a rule was broken. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string' },
      pcap: { type: 'string' },
    },
  });
  const shared = fileURLToPath(new URL('../../shared/pcap', import.meta.url));
  const own = fileURLToPath(new URL('../test/pcap', import.meta.url));
  const seeds = readSeeds(values.pcap ?? (existsSync(shared) ? shared : own));
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  process.stdout.write(`seed ${seed}, ${seeds.length} packets to start from\n`);
  const random = randomOf(seed);
  const end = performance.now() + Number(values.seconds) * 1000;
  let packets = 0;
  let tables = 0;
  while (performance.now() < end) {
    try {
      packets += round(seeds, random).packets;
      tables++;
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error;
      const hex = error.fed.map((bytes) => Buffer.from(bytes).toString('hex'));
      process.stderr.write(`seed ${seed}, table ${tables}: ${error.message}\n${hex.join('\n')}\n`);
      process.stderr.write(`${error.cause instanceof Error ? error.cause.stack : ''}\n`);
      return 1;
    }
  }
  process.stdout.write(`${packets} packets in ${tables} tables, no rule broken\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
