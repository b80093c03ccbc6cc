/**
 * Traffic between the two containers: pings, and TCP transfers that the other side counts. All of it is bounded, and
 * what runs on and on ends with its standard input.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { containers, type DataCentre } from './data-centre.ts';
import type { LabHost } from './lab-host.ts';

const PORT = 9_000;

/** Takes everything and answers with how many bytes that was. */
const SERVER = `
process.stdin.resume().on('end', () => process.exit());
require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  let bytes = 0;
  socket.on('data', (data) => (bytes += data.length)).on('end', () => socket.end(String(bytes))).on('error', () => {});
}).listen(${PORT}, '0.0.0.0', () => console.log('ready'));`;

/** Sends `bytes` once, or again every `everyMs`; prints each answer. */
const CLIENT = `
const [to, bytes, everyMs] = process.argv.slice(1);
const send = () => {
  const socket = require('node:net').connect(${PORT}, to, () => socket.end(Buffer.alloc(Number(bytes))));
  socket.on('data', (data) => console.log(String(data))).on('error', (error) => console.log(error.message));
};
send();
if (everyMs) {
  setInterval(send, Number(everyMs));
  process.stdin.resume().on('end', () => process.exit());
}`;

export class Traffic {
  readonly #dataCentre: DataCentre;
  readonly #running: ChildProcess[] = [];

  private constructor(dataCentre: DataCentre) {
    this.#dataCentre = dataCentre;
  }

  /** Resolves when the TCP server in `db` listens. */
  static async start(dataCentre: DataCentre): Promise<Traffic> {
    const traffic = new Traffic(dataCentre);
    const server = traffic.#node(dataCentre.rack2, containers.db.name, SERVER, []);
    await once(server.stdout!, 'data');
    return traffic;
  }

  /** From web to db; throws when not all came back. */
  ping(count: number, intervalSeconds = 0.05): void {
    const { web, db } = containers;
    const words = ['ping', '-q', '-c', String(count), '-i', String(intervalSeconds), '-W', '2', db.address];
    const printed = this.#dataCentre.rack1.run('ip', 'netns', 'exec', web.name, ...words);
    if (!printed.includes(` ${count} received`)) throw new Error(printed);
  }

  /** One connection from web to db; resolves with how many bytes db got. */
  async transfer(bytes: number): Promise<number> {
    const args = [containers.db.address, String(bytes)];
    const client = this.#node(this.#dataCentre.rack1, containers.web.name, CLIENT, args);
    const [answer] = (await once(client.stdout!, 'data')) as [Buffer];
    return Number(answer.toString());
  }

  /** Two pings a second and 64 KiB every second, until `stop`. */
  keepOn(): void {
    const { web, db } = containers;
    const { rack1 } = this.#dataCentre;
    const pings = ['netns', 'exec', web.name, 'sh', '-c', `ping -q -i 0.5 ${db.address} & cat; kill $!`];
    this.#running.push(rack1.spawn('ip', pings, { stdio: ['pipe', 'ignore', 'ignore'] }));
    this.#node(rack1, web.name, CLIENT, [db.address, '65536', '1000']);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#running.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.stdin?.end();
        await gone;
      }),
    );
  }

  #node(host: LabHost, netns: string, script: string, args: readonly string[]): ChildProcess {
    const words = ['netns', 'exec', netns, process.execPath, '-e', script, ...args];
    const child = host.spawn('ip', words, { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin!.on('error', () => {});
    this.#running.push(child);
    return child;
  }
}
