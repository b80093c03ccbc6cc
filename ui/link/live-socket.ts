/**
 * A WebSocket that is opened again whenever it ends: at once the first time, then after longer and longer waits, and at once when the
 * browser says that the network is back. What was missed is the owner's business (`onOpen`).
 */

export type SocketState = 'connecting' | 'open' | 'waiting';

/** As every message on the public sockets is enveloped (core/wire/envelope.ts). */
export interface Message {
  readonly Namespace: string;
  readonly Type: string;
  readonly UUID?: string;
  readonly Status?: number;
  readonly Obj: unknown;
}

export interface LiveSocketOptions {
  readonly path: string;
  /** Asked at each attempt. */
  readonly parameters: () => Readonly<Record<string, string>>;
  readonly onOpen?: (socket: LiveSocket) => void;
  readonly onMessage: (message: Message) => void;
  /** `wasOpen`: false for an attempt that came to nothing, such as one that was refused. */
  readonly onState: (state: SocketState, wasOpen: boolean) => void;
}

const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 10_000;

export class LiveSocket {
  readonly #options: LiveSocketOptions;
  #socket: WebSocket | undefined;
  #waitMs = WAIT_MS_MIN;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  readonly #back = (): void => {
    if (this.#timer !== undefined) this.#open();
  };

  constructor(options: LiveSocketOptions) {
    this.#options = options;
    addEventListener('online', this.#back);
    this.#open();
  }

  send(message: Message): void {
    this.#socket?.send(JSON.stringify(message));
  }

  close(): void {
    this.#isClosed = true;
    removeEventListener('online', this.#back);
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { path, parameters, onOpen, onMessage, onState } = this.#options;
    onState('connecting', false);
    const url = new URL(`${path}?${new URLSearchParams(parameters()).toString()}`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    let wasOpen = false;
    socket.addEventListener('open', () => {
      wasOpen = true;
      this.#waitMs = WAIT_MS_MIN;
      onState('open', true);
      onOpen?.(this);
    });
    socket.addEventListener('message', ({ data }) => {
      if (!this.#isClosed && typeof data === 'string') onMessage(JSON.parse(data) as Message);
    });
    socket.addEventListener('close', () => {
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => this.#open(), this.#waitMs * (0.75 + Math.random() / 2));
      this.#waitMs = Math.min(WAIT_MS_MAX, this.#waitMs * 2);
      onState('waiting', wasOpen);
    });
  }
}
