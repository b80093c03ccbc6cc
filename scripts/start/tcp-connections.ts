/**
 * How far the peers of our TCP connections have read, as the kernel counts it: workerd does not tell its Workers
 * (`bufferedAmount`), and the kernel tells everybody (sock_diag(7), struct tcp_info in linux/tcp.h; no rights needed).
 */
import { formatIpv4, formatIpv6 } from '../../core/ip.ts';
import { NETLINK_SOCK_DIAG, NetlinkSocket } from '../../probe/linux/netlink-socket.ts';
import { errnoError, LinuxError } from '../../probe/linux/linux-error.ts';
import {
  buildRequest,
  errnoOf,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  readMessages,
  type Reader,
} from '../../probe/topology/rtnetlink/netlink.ts';

/** `[bytes that the peer acknowledged, bytes that came from it, bytes sent or to be sent that it has not acknowledged]` */
export type TcpFacts = readonly [acked: number, received: number, queued: number];

const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const ESTABLISHED = 1;
const CLOSE_WAIT = 8;
const INET_DIAG_INFO = 2;
/** struct inet_diag_msg */
const PEER_PORT_AT = 6;
const PEER_ADDRESS_AT = 24;
const QUEUED_AT = 60;
const MESSAGE_BYTES = 72;
/** struct tcp_info */
const ACKED_AT = 120;
const RECEIVED_AT = 128;

export class TcpConnections {
  readonly #port: number;
  readonly #socket = new NetlinkSocket(0, NETLINK_SOCK_DIAG);
  #sequence = 0;

  /** Of the connections to this local port. Throws LinuxError: `KOFFI`, or the kernel has no sock_diag. */
  constructor(port: number) {
    this.#port = port;
  }

  /** By the peer's `1.2.3.4:5` or `[fd00::1]:5`; IPv4 in IPv6 is IPv4. About 10 µs each. Throws LinuxError. */
  read(): Map<string, TcpFacts> {
    const found = new Map<string, TcpFacts>();
    for (const family of [AF_INET, AF_INET6]) this.#dump(family, found);
    return found;
  }

  #dump(family: number, found: Map<string, TcpFacts>): void {
    // struct inet_diag_req_v2: family, protocol, attributes wanted, pad, states, source port (network order) …
    const header = Buffer.alloc(56);
    header.set([family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1)]);
    new Uint32Array(header.buffer, header.byteOffset, 2)[1] = (1 << ESTABLISHED) | (1 << CLOSE_WAIT);
    header.writeUInt16BE(this.#port, 8);
    this.#sequence++;
    this.#socket.send(buildRequest(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, this.#sequence, header));
    // A dump is made while it is read, so there is nothing to wait for.
    for (;;) {
      const received = this.#socket.receive();
      if (received.kind !== 'bytes') throw new LinuxError('EIO', 'recv', `sock_diag: ${received.kind}`);
      for (const message of readMessages(received.bytes)) {
        if (message.sequence !== this.#sequence) continue;
        if (message.type === NLMSG_DONE) return;
        if (message.type === NLMSG_ERROR) throw errnoError(errnoOf(message), 'recv', 'sock_diag');
        readConnection(family, message.body, found);
      }
    }
  }
}

function readConnection(family: number, body: Reader, found: Map<string, TcpFacts>): void {
  const address = body.part(PEER_ADDRESS_AT, PEER_ADDRESS_AT + 16).bytes();
  const port = body.part(PEER_PORT_AT, PEER_PORT_AT + 2).bytes();
  const host = family === AF_INET ? formatIpv4(address) : formatIpv6(address);
  const peer = `${host.includes(':') ? `[${host}]` : host}:${(port[0]! << 8) | port[1]!}`;
  for (const { type, value } of body.attributes(MESSAGE_BYTES)) {
    if (type !== INET_DIAG_INFO) continue;
    found.set(peer, [value.u64(ACKED_AT), value.u64(RECEIVED_AT), body.u32(QUEUED_AT)]);
  }
}
