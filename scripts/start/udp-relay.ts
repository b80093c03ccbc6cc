/**
 * Flows of Skydive agents that send them as UDP datagrams (their default), handed on to `/ws/agent/flow`: a datagram is the same message as
 * a frame there (WebSocket notes, section 1 and 10). Off unless asked for; a hosted Worker cannot take UDP. Which host a datagram is
 * from is known by the address of its agent's topology socket.
 */
import { createSocket, type Socket } from 'node:dgram';
import { WebSocket } from 'ws';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Listen } from './listen.ts';

interface RelayOptions {
  readonly listen: Listen;
  /** `http://host:port` of the analyzer. */
  readonly analyzer: string;
  readonly token: string | undefined;
  readonly say: (text: string) => void;
}

interface Source {
  /** Undefined while its host is looked up. */
  socket: WebSocket | undefined;
  waiting: Buffer[];
  waitingBytes: number;
}

const HOSTS_ASKED_EVERY_MS = 5_000;
const TOLD_EVERY_MS = 60_000;

export class UdpRelay {
  readonly #options: RelayOptions;
  readonly #udp: Socket;
  readonly #sources = new Map<string, Source>();
  /** Address → host id. */
  #hosts = new Map<string, string>();
  #askedAt = 0;
  #taken = 0;
  #dropped = 0;
  #told = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#udp = createSocket(options.listen.host.includes(':') ? 'udp6' : 'udp4');
    this.#udp.on('message', (data, { address }) => this.#take(data, address.replace(/^::ffff:/, '')));
    this.#udp.on('error', (error) => options.say(`UDP relay: ${messageOf(error)}`));
    setInterval(() => this.#tell(), TOLD_EVERY_MS).unref();
  }

  /** Resolves with the port. Rejects with the system's error. */
  start(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#udp.once('error', reject);
      this.#udp.bind(this.#options.listen.port, this.#options.listen.host, () =>
        resolve(this.#udp.address().port),
      );
    });
  }

  stop(): void {
    this.#udp.close();
    for (const { socket } of this.#sources.values()) socket?.terminate();
    this.#tell();
  }

  #take(data: Buffer, address: string): void {
    this.#taken++;
    const known = this.#sources.get(address);
    if (known !== undefined) {
      this.#send(known, data);
      return;
    }
    if (this.#sources.size >= limits.udpSourcesMax) {
      this.#dropped++;
      return;
    }
    const source: Source = { socket: undefined, waiting: [], waitingBytes: 0 };
    this.#sources.set(address, source);
    this.#send(source, data);
    void this.#open(address, source);
  }

  /** Its host is looked up first, so that its flows are found where its interfaces are. */
  async #open(address: string, source: Source): Promise<void> {
    await this.#askHosts();
    source.socket = this.#connect(address);
  }

  /** The newest is dropped when its agent sends faster than the analyzer takes. */
  #send(source: Source, data: Buffer): void {
    const { socket } = source;
    const open = socket?.readyState === WebSocket.OPEN ? socket : undefined;
    const pending = open?.bufferedAmount ?? source.waitingBytes;
    if (pending + data.length > limits.udpSourceBytesMax) this.#dropped++;
    else if (open !== undefined) open.send(data);
    else {
      source.waiting.push(data);
      source.waitingBytes += data.length;
    }
  }

  #connect(address: string): WebSocket {
    const { analyzer, token } = this.#options;
    const host = this.#hosts.get(address) ?? `udp.${address}`;
    const socket = new WebSocket(`${analyzer.replace(/^http/, 'ws')}/ws/agent/flow`, {
      headers: {
        'X-Host-ID': host,
        'X-Client-Type': 'agent',
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      perMessageDeflate: false,
    });
    socket.on('open', () => {
      const source = this.#sources.get(address);
      if (source === undefined) return;
      const { waiting } = source;
      source.waiting = [];
      source.waitingBytes = 0;
      for (const data of waiting) socket.send(data);
    });
    socket.on('error', (error) => this.#options.say(`UDP relay: ${address}: ${messageOf(error)}`));
    // The next datagram connects again.
    socket.on('close', () => {
      const source = this.#sources.get(address);
      if (source?.socket !== socket) return;
      this.#dropped += source.waiting.length;
      this.#sources.delete(address);
    });
    return socket;
  }

  /** Agents by address, as the status shows them. */
  async #askHosts(): Promise<void> {
    if (Date.now() - this.#askedAt < HOSTS_ASKED_EVERY_MS) return;
    this.#askedAt = Date.now();
    const { analyzer, token } = this.#options;
    try {
      const answer = await fetch(`${analyzer}/api/status`, {
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      });
      const { Agents: agents } = (await answer.json()) as {
        readonly Agents: Readonly<Record<string, { readonly Addr: string }>>;
      };
      this.#hosts = new Map(Object.entries(agents).map(([host, { Addr }]) => [Addr, host]));
    } catch (error) {
      this.#options.say(`UDP relay: the analyzer does not say which agents it has: ${messageOf(error)}`);
    }
  }

  #tell(): void {
    if (this.#dropped === this.#told) return;
    this.#told = this.#dropped;
    this.#options.say(`UDP relay: ${this.#taken} datagrams taken, ${this.#dropped} dropped`);
  }
}
