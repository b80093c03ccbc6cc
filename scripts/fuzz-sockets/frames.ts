/**
 * Frames of every wrong kind (RFC 6455, sections 5 and 7.4), spelled bit by bit because no WebSocket library would send them; and the
 * reader of the frames that come back.
 */
interface FrameParts {
  readonly fin?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  readonly opcode: number;
  /** A client's frames are. */
  readonly masked?: boolean;
  readonly payload?: Uint8Array | string;
  /** What the head says; else the payload's own length. */
  readonly length?: number;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function frame({
  fin = true,
  reserved = 0,
  opcode,
  masked = true,
  payload = '',
  length,
}: FrameParts): Buffer {
  const bytes = Buffer.from(payload as string);
  const said = length ?? bytes.length;
  const short = said < 126 ? said : said < 65_536 ? 126 : 127;
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode, (masked ? 0x80 : 0) | short];
  const longer = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (short === 126) longer.writeUInt16BE(said);
  if (short === 127) longer.writeBigUInt64BE(BigInt(said));
  const body = masked ? bytes.map((byte, at) => byte ^ KEY[at & 3]!) : bytes;
  return Buffer.concat([Buffer.from(head), longer, masked ? KEY : Buffer.alloc(0), body]);
}

export interface ReadFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames of a server, which masks none; and what is left of one that has not all come. */
export function readFrames(bytes: Buffer): { frames: ReadFrame[]; rest: Buffer } {
  const frames: ReadFrame[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const short = rest[1]! & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < headBytes) break;
    const length =
      short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < headBytes + length) break;
    frames.push({ opcode: rest[0]! & 0x0f, payload: rest.subarray(headBytes, headBytes + length) });
    rest = rest.subarray(headBytes + length);
  }
  return { frames, rest };
}

export function closeFrame(code: number, reason: Uint8Array | string = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame({ opcode: CLOSE, payload: Buffer.concat([head, Buffer.from(reason as string)]) });
}

const times = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));

/** What the server has to end with a close frame of 1002 (protocol) or 1009 (too large). */
export const FORBIDDEN: Readonly<Record<string, Buffer>> = {
  'reserved bit 1 without an extension': frame({ opcode: TEXT, reserved: 4, payload: '{}' }),
  'reserved bit 2': frame({ opcode: TEXT, reserved: 2, payload: '{}' }),
  'reserved bit 3': frame({ opcode: TEXT, reserved: 1, payload: '{}' }),
  'reserved opcode 3': frame({ opcode: 3, payload: 'x' }),
  'reserved control opcode 11': frame({ opcode: 11, payload: 'x' }),
  'a continuation of nothing': frame({ opcode: 0, payload: '{}' }),
  'a message inside a fragmented one': Buffer.concat([
    frame({ opcode: TEXT, fin: false, payload: '{' }),
    frame({ opcode: TEXT, payload: '}' }),
  ]),
  'a ping in fragments': frame({ opcode: PING, fin: false, payload: 'x' }),
  'a length with its highest bit set': Buffer.from('81ffffffffffffffffff37fa213d', 'hex'),
  'a length of four gigabytes': frame({ opcode: BINARY, length: 2 ** 32 }),
};

/** What ends the connection, or is borne (docs/design/sockets.md): nobody else may notice either way. */
export const BORNE: Readonly<Record<string, Buffer>> = {
  'a frame without mask': frame({ opcode: TEXT, masked: false, payload: '{}' }),
  'a ping of 126 bytes': frame({ opcode: PING, payload: 'x'.repeat(126) }),
  'a close frame of one byte': frame({ opcode: CLOSE, payload: 'x' }),
  'text that is not UTF-8': frame({ opcode: TEXT, payload: Buffer.from([0xff, 0xfe, 0x80]) }),
  'half a character': frame({ opcode: TEXT, payload: Buffer.from([0x22, 0xf0, 0x9f, 0x92]) }),
  'a close reason that is not UTF-8': closeFrame(1000, Buffer.from([0xff])),
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 2999, 4999, 65_535].map((code) => [
      `close code ${code}`,
      closeFrame(code),
    ]),
  ),
  'a message after the close frame': Buffer.concat([
    closeFrame(1000),
    frame({ opcode: TEXT, payload: '{}' }),
  ]),
  'two close frames': Buffer.concat([closeFrame(1000), closeFrame(1000)]),
  '2,000 pings': times(2_000, () => frame({ opcode: PING, payload: 'p' })),
  '2,000 pongs nobody asked for': times(2_000, () => frame({ opcode: PONG, payload: 'p' })),
  '2,000 empty messages': times(2_000, () => frame({ opcode: BINARY })),
  '2,000 unknown messages': times(2_000, () =>
    frame({ opcode: TEXT, payload: '{"Namespace":"Graph","Type":"None","UUID":"u"}' }),
  ),
  'a message in 500 fragments': times(500, (at) =>
    frame({ opcode: at === 0 ? TEXT : 0, fin: at === 499, payload: ' ' }),
  ),
  'a message that never ends': times(500, (at) =>
    frame({ opcode: at === 0 ? TEXT : 0, fin: false, payload: ' ' }),
  ),
  'a frame cut short': frame({ opcode: TEXT, payload: 'x', length: 50_000 }),
  'half a head': Buffer.from([0x81]),
};
