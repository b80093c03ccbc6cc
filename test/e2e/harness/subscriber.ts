/** A flow subscriber as a test sees one: it keeps every frame it got. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Subscriber {
  readonly messages: Buffer[];
  readonly headers: Record<string, string | string[] | undefined>;
  /** Reads nothing any more, so that what comes stays in the network. */
  pause(): void;
  resume(): void;
  close(): void;
}

let next = 0;

/** `address` is host:port. Rejects when the upgrade is refused. */
export async function subscribe(address: string, headers: Record<string, string> = {}): Promise<Subscriber> {
  const socket = new WebSocket(`ws://${address}/ws/subscriber/flow`, {
    headers: { 'X-Client-Type': 'test', 'X-Host-ID': `test-${process.pid}-${next++}`, ...headers },
  });
  const messages: Buffer[] = [];
  let answered: Subscriber['headers'] = {};
  socket.on('upgrade', (response) => (answered = response.headers));
  socket.on('message', (data) => messages.push(data as Buffer));
  await once(socket, 'open');
  return {
    messages,
    headers: answered,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(),
  };
}
