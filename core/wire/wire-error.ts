/**
 * What ends a WebSocket: a close code and a reason that the peer can read. Thrown while a frame is handled and
 * turned into the close frame by whoever owns the socket. RFC 6455 section 7.4 gives the codes below 3000; ours
 * begin at 4000 and are part of the probe protocol (docs/design/probe-protocol.md).
 */
export const closeCodes = {
  goingAway: 1001,
  protocol: 1002,
  unsupported: 1003,
  malformed: 1007,
  policy: 1008,
  tooLarge: 1009,
  internal: 1011,
  tryLater: 1013,
  /** The peer's major version is newer than ours. */
  versionTooNew: 4001,
  /** A sequence number is missing: connect again and send from the last durable one. */
  sequenceGap: 4002,
  /** Another probe (a newer incarnation) has taken this host id. */
  hostTaken: 4003,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** The control frame's limit of RFC 6455 section 5.5: 125 bytes, two of them for the code. */
const REASON_BYTES_MAX = 123;

export class WireError extends Error {
  readonly closeCode: CloseCode;

  constructor(closeCode: CloseCode, reason: string) {
    super(reason);
    this.name = 'WireError';
    this.closeCode = closeCode;
  }
}

/** The text cut to what a close frame can carry, never inside a character. */
export function closeReason(text: string): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > REASON_BYTES_MAX) break;
    end += character.length;
  }
  return text.slice(0, end);
}
