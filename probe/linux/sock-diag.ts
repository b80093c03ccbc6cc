/**
 * What the kernel knows of the TCP and UDP sockets of a network namespace (sock_diag(7), linux/inet_diag.h; no rights
 * needed, no reading of /proc). The answer is made while it is read, so every question is a synchronous exchange.
 */
import {
  buildRequest,
  errnoOf,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  readMessages,
  u32Bytes,
  type Reader,
} from '../topology/rtnetlink/netlink.ts';
import { errnoError, LinuxError } from './linux-error.ts';
import { NETLINK_SOCK_DIAG, NetlinkSocket } from './netlink-socket.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

/** Offsets in struct inet_diag_msg, which is what a question's `take` gets; attributes follow it. */
export const DIAG = {
  state: 1,
  localPort: 4,
  remotePort: 6,
  localAddress: 8,
  remoteAddress: 24,
  queued: 60,
  inode: 68,
  bytes: 72,
} as const;

const SOCK_DIAG_BY_FAMILY = 20;

export interface Question {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly protocol: typeof IPPROTO_TCP | typeof IPPROTO_UDP;
  /** Bit n = sockets in state n of net/tcp_states.h. */
  readonly states: number;
  /** 0 = any. */
  readonly localPort?: number;
  /** Bit n - 1 = attribute n. */
  readonly attributes?: number;
}

export class SockDiag {
  readonly #socket = new NetlinkSocket(0, NETLINK_SOCK_DIAG);
  #sequence = 0;

  /** Every socket that fits, in no order. Throws LinuxError; `ENOENT`: this kernel does not tell of the protocol. */
  ask(
    { family, protocol, states, localPort = 0, attributes = 0 }: Question,
    take: (body: Reader) => void,
  ): void {
    // struct inet_diag_req_v2: family, protocol, attributes, pad, states u32, local port in network order …
    const header = new Uint8Array(56);
    header.set([family, protocol, attributes, 0, ...u32Bytes(states), localPort >> 8, localPort & 255]);
    this.#sequence++;
    this.#socket.send(buildRequest(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, this.#sequence, header));
    for (;;) {
      const received = this.#socket.receive();
      if (received.kind !== 'bytes') throw new LinuxError('EIO', 'recv', `sock_diag: ${received.kind}`);
      for (const message of readMessages(received.bytes)) {
        if (message.sequence !== this.#sequence) continue;
        const errno = message.type === NLMSG_DONE || message.type === NLMSG_ERROR ? errnoOf(message) : 0;
        if (errno > 0) throw errnoError(errno, 'recv', 'sock_diag');
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) return;
        take(message.body);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** A port of the message, which keeps them in network order. */
export function portAt(body: Reader, at: number): number {
  const bytes = body.part(at, at + 2).bytes();
  return (bytes[0]! << 8) | bytes[1]!;
}
