/** A WebSocket client that opens and then reads nothing, as one that hangs does: its end of TCP stays full. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

export interface SilentClient {
  /** Reads after all; resolves with the code of the close frame, or `ended` when the connection ends without one. */
  closeCode(timeoutMs: number): Promise<number | 'ended'>;
  destroy(): void;
}

/** Resolves when the upgrade was answered 101; nothing is read after that. */
export async function openSilently(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<SilentClient> {
  const [host, port] = address.split(':') as [string, string];
  const socket = createConnection({ host, port: Number(port) });
  await once(socket, 'connect');
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${address}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  const status = answer.toString('latin1').split('\r\n')[0]!;
  if (!status.includes(' 101 ')) throw new Error(`no upgrade: ${status}`);
  return { closeCode: (timeoutMs) => closeCode(socket, timeoutMs), destroy: () => void socket.destroy() };
}

async function closeCode(socket: Socket, timeoutMs: number): Promise<number | 'ended'> {
  const found = new Promise<number | 'ended'>((resolve) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      bytes = Buffer.concat([bytes, data]);
      for (let frame = frameAt(bytes); frame !== undefined; frame = frameAt(bytes)) {
        if (frame.opcode === 8) resolve(frame.payload.readUInt16BE(0));
        bytes = bytes.subarray(frame.bytes);
      }
    });
    for (const event of ['end', 'error', 'close']) socket.once(event, () => resolve('ended'));
  });
  socket.resume();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the connection was not closed')), timeoutMs);
  });
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first frame (RFC 6455, section 5.2; a server's are not masked), when all of it is there. */
function frameAt(bytes: Buffer): { opcode: number; payload: Buffer; bytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < head) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < head + length) return undefined;
  return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(head, head + length), bytes: head + length };
}
