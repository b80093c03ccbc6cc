/**
 * Wrong frames and messages, made at random, on every WebSocket of an analyzer: `npm run fuzz -- sockets [--seconds N] [--seed N] [--base URL]`.
 * Each round sends a few to one socket over raw TCP. Every connection has to be usable or ended within a while, bystanders of the graph
 * and of the flows have to hear all that happens, and the analyzer must not have met a fault of its own. Exit status 1 when that is not so;
 * the seed and the round say what was sent.
 */
import { parseArgs } from 'node:util';
import { REFUSED_SOCKET_PATHS, SOCKET_PATHS } from '../core/api/sockets.ts';
import { messageOf } from '../core/errors.ts';
import { startEdgedive } from '../test/e2e/harness/edgedive.ts';
import { randomOf, type Random } from './fuzz-gremlin-grammar.ts';
import { Bystanders } from './fuzz-sockets/bystanders.ts';
import { RawClient } from './fuzz-sockets/client.ts';
import { madeFrames } from './fuzz-sockets/messages.ts';

const PATHS = SOCKET_PATHS.filter((path) => !REFUSED_SOCKET_PATHS.includes(path));
const FRAMES_MAX = 6;
const CHECK_EVERY_ROUNDS = 20;

type Outcomes = Map<string, number>;

/** Rejects when the connection neither answers nor ends. */
async function play(address: string, random: Random, outcomes: Outcomes): Promise<void> {
  const path = PATHS[random(PATHS.length)]!;
  const client = await RawClient.open(address, path, ['', 'json', 'protobuf'][random(3)]);
  try {
    for (let left = 1 + random(FRAMES_MAX); left > 0; left--) await client.send(madeFrames(random));
    // A frame that was cut takes the ping as its payload, so that whoever waits for more is told of the end.
    const outcome = `${path} ${await client.settled()}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } finally {
    client.destroy();
  }
}

async function rounds(address: string, seed: number, seconds: number): Promise<number> {
  const bystanders = await Bystanders.open(address);
  const outcomes: Outcomes = new Map();
  const endMs = Date.now() + seconds * 1_000;
  let round = 0;
  try {
    for (; Date.now() < endMs; round++) {
      await play(address, randomOf(seed + round * 7919), outcomes);
      if (round % CHECK_EVERY_ROUNDS === 0) await bystanders.check();
    }
    await bystanders.check();
  } catch (error) {
    process.stderr.write(`seed ${seed}, round ${round}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    bystanders.close();
  }
  for (const [outcome, count] of [...outcomes].toSorted(([a], [b]) => a.localeCompare(b)))
    process.stdout.write(`${String(count).padStart(7)}  ${outcome}\n`);
  process.stdout.write(`seed ${seed}: ${round} connections, nobody else noticed\n`);
  return 0;
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      base: { type: 'string' },
    },
  });
  const analyzer = values.base === undefined ? await startEdgedive({ probe: false }) : undefined;
  try {
    const address = analyzer?.address ?? new URL(values.base!).host;
    const status = await rounds(address, Number(values.seed), Number(values.seconds));
    const faults = faultsIn(analyzer?.output() ?? '');
    for (const fault of faults) process.stderr.write(`${fault}\n`);
    return faults.length > 0 ? 1 : status;
  } finally {
    await analyzer?.stop();
  }
}

/** Lines of an analyzer that tell of a fault; the runtime calls what a peer sent against RFC 6455 an exception of its own. */
export function faultsIn(output: string): string[] {
  return output.split('\n').filter(isFault);
}

function isFault(line: string): boolean {
  // What the analyzer itself says has a level; a peer that was closed for what it sent is a warning.
  const level = /^[^{]*\{"time":"[^"]*","level":"(\w+)"/.exec(line)?.[1];
  if (level !== undefined) return level === 'error';
  return /Error|uncaught|exception/i.test(line) && !line.includes('WebSocket protocol error;');
}
