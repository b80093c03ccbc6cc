/**
 * The bare runtime: workerd with an object that does the least for the same messages. What an analyzer costs is told beside it, so that the
 * ratio is ours and not the machine's.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { packageFile } from '../scripts/process/paths.ts';

/**
 * `/ws/probe/flow`: frames are taken and acknowledged as a probe expects it, undecoded. `/ws/subscriber/flow`: whatever comes on
 * `/ws/source` is sent to each of them as it is.
 */
const WORKER = `
import { DurableObject } from 'cloudflare:workers';
const varint = (n) => { const b = []; while (n > 127) { b.push((n & 127) | 128); n = Math.floor(n / 128); } b.push(n); return b; };
export class Bare extends DurableObject {
  fetch(request) {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).pathname]);
    server.serializeAttachment({ sequence: -1 });
    return new Response(null, { status: 101, webSocket: client });
  }
  sequences = new Map();
  webSocketMessage(socket, data) {
    const [path] = this.ctx.getTags(socket);
    if (path === '/ws/source') {
      for (const each of this.ctx.getWebSockets('/ws/subscriber/flow')) each.send(data);
      return;
    }
    const sequence = (this.sequences.get(socket) ?? -1) + 1;
    this.sequences.set(socket, sequence);
    const number = sequence === 0 ? [10, 4, 8, 1, 40, 0] : (() => { const v = varint(sequence); return [18, v.length + 1, 8, ...v]; })();
    socket.send(new Uint8Array(number));
  }
}
export default {
  fetch: (request, env) =>
    request.headers.get('Upgrade') === null ? new Response('ready') : env.BARE.getByName('one').fetch(request),
};
`;

export interface Bare {
  readonly address: string;
  stop(): void;
}

export async function startBare(): Promise<Bare> {
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-bare-'));
  const port = await freePort();
  writeFileSync(join(folder, 'worker.js'), WORKER);
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .bare) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ]
);
const bare :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = "2026-10-23",
  compatibilityFlags = ["no_web_socket_compression"],
  durableObjectNamespaces = [ (className = "Bare", uniqueKey = "bare") ],
  durableObjectStorage = (inMemory = void),
  bindings = [ (name = "BARE", durableObjectNamespace = "Bare") ]
);
`,
  );
  const architecture = process.arch === 'x64' ? '64' : process.arch;
  const binary = packageFile(`@cloudflare/workerd-${process.platform}-${architecture}`, 'bin/workerd');
  const child = spawn(binary, ['serve', join(folder, 'config.capnp'), 'config'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const address = `127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`http://${address}/`);
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    address,
    stop: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
