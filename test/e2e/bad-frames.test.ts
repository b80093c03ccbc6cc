/**
 * Frames and messages of every wrong kind on every socket, over raw TCP: who sends what is forbidden is told so by a close code and a
 * reason, what is only no message is counted, and bystanders of the graph and of the flows hear all that happens.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUSED_SOCKET_PATHS, SOCKET_PATHS } from '../../core/api/sockets.ts';
import { limits } from '../../core/limits.ts';
import { faultsIn } from '../../scripts/fuzz-sockets.ts';
import { Bystanders } from '../../scripts/fuzz-sockets/bystanders.ts';
import { RawClient, type Closed } from '../../scripts/fuzz-sockets/client.ts';
import { BINARY, BORNE, FORBIDDEN, frame, TEXT } from '../../scripts/fuzz-sockets/frames.ts';
import { oversize, STRANGE, WRONG } from '../../scripts/fuzz-sockets/messages.ts';
import { startEdgedive, type Analyzer } from './harness/edgedive.ts';

const opened = SOCKET_PATHS.filter((path) => !REFUSED_SOCKET_PATHS.includes(path));
/** Our probes' protocol has no message that may be wrong; everybody else's connection stays, as with the reference. */
const endsWrongMessages = (path: string): boolean => path.startsWith('/ws/probe/');
const CASE_MS = 20_000;

let analyzer: Analyzer;
let bystanders: Bystanders;
beforeAll(async () => {
  analyzer = await startEdgedive({ probe: false });
  bystanders = await Bystanders.open(analyzer.address);
});
afterAll(async () => {
  bystanders?.close();
  await analyzer?.stop();
});

/** A close frame that says why. */
function isExplained({ code, reason }: Closed, codes: readonly number[]): boolean {
  return codes.includes(code) && reason !== '';
}

describe.each(opened)('%s', { timeout: CASE_MS }, (path) => {
  it('ends what RFC 6455 forbids with a code and a reason', async () => {
    for (const [name, bytes] of Object.entries(FORBIDDEN)) {
      const client = await RawClient.open(analyzer.address, path);
      await client.send(bytes);
      const closed = await client.closed();
      client.destroy();
      expect([name, closed, isExplained(closed, [1002, 1009])]).toEqual([name, closed, true]);
    }
    await bystanders.check();
  });

  it('bears floods, odd ends and cut frames, and nobody else notices', async () => {
    const clients: RawClient[] = [];
    for (const bytes of Object.values(BORNE)) {
      const client = await RawClient.open(analyzer.address, path);
      clients.push(client);
      await client.send(bytes);
    }
    await bystanders.check();
    for (const client of clients) client.destroy();
    await bystanders.check();
  });

  it('ends a message that is too large with 1009', async () => {
    const isOwnSocket = path === '/ws/subscriber' || path === '/ws/subscriber/flow';
    const before = await bystanders.refused();
    const client = await RawClient.open(analyzer.address, path);
    await client.send(oversize((isOwnSocket ? limits.clientFrameBytesMax : limits.frameBytesMax) + 1));
    const closed = await client.closed();
    client.destroy();
    expect([closed, isExplained(closed, [1009])]).toEqual([closed, true]);
    expect(await bystanders.refused()).toBe(before + 1);
    await bystanders.check();
  });

  it.each([
    ['json', TEXT],
    ['json', BINARY],
    ['protobuf', TEXT],
    ['protobuf', BINARY],
  ])('%s, opcode %i: what is no message is counted', async (protocol, opcode) => {
    for (const [name, payload] of Object.entries(WRONG)) {
      const before = await bystanders.refused();
      const client = await RawClient.open(analyzer.address, path, protocol);
      await client.send(frame({ opcode, payload }));
      if (endsWrongMessages(path)) {
        const closed = await client.closed();
        expect([name, closed, isExplained(closed, [1002, 1003, 1007, 1008])]).toEqual([name, closed, true]);
      } else expect([name, await client.lives()]).toEqual([name, true]);
      client.destroy();
      expect([name, await bystanders.refused()]).toEqual([name, before + 1]);
    }
    await bystanders.check();
  });

  it('takes no harm from strange messages', async () => {
    for (const payload of Object.values(STRANGE)) {
      const client = await RawClient.open(analyzer.address, path);
      await client.send(frame({ opcode: TEXT, payload }));
      if (!endsWrongMessages(path)) expect(await client.lives()).toBe(true);
      client.destroy();
    }
    await bystanders.check();
    expect(await analyzer.query("G.V().HasKey('polluted')")).toEqual([]);
  });
});

it.each(REFUSED_SOCKET_PATHS)('%s never opens', async (path) => {
  await expect(RawClient.open(analyzer.address, path)).rejects.toThrow(/HTTP\/1\.1 501 /);
});

it('no fault of ours was met', () => {
  expect(faultsIn(analyzer.output())).toEqual([]);
});
