/**
 * How far the peers of our TCP connections have read, as the kernel counts it: workerd does not tell its Workers
 * (`bufferedAmount`), and the kernel tells everybody (struct tcp_info in linux/tcp.h; no rights needed).
 */
import { formatIpv4, formatIpv6 } from '../../core/ip.ts';
import { AF_INET, AF_INET6, DIAG, IPPROTO_TCP, portAt, SockDiag } from '../../probe/linux/sock-diag.ts';
import type { Reader } from '../../probe/topology/rtnetlink/netlink.ts';

/** `[bytes that the peer acknowledged, bytes that came from it, bytes sent or to be sent that it has not acknowledged]` */
export type TcpFacts = readonly [acked: number, received: number, queued: number];

const ESTABLISHED = 1;
const CLOSE_WAIT = 8;
const INET_DIAG_INFO = 2;
/** struct tcp_info */
const ACKED_AT = 120;
const RECEIVED_AT = 128;

export class TcpConnections {
  readonly #port: number;
  readonly #diag = new SockDiag();

  /** Of the connections to this local port. Throws LinuxError: `KOFFI`, or the kernel has no sock_diag. */
  constructor(port: number) {
    this.#port = port;
  }

  /** By the peer's `1.2.3.4:5` or `[fd00::1]:5`; IPv4 in IPv6 is IPv4. About 10 µs each. Throws LinuxError. */
  read(): Map<string, TcpFacts> {
    const found = new Map<string, TcpFacts>();
    for (const family of [AF_INET, AF_INET6] as const) {
      const question = {
        family,
        protocol: IPPROTO_TCP,
        states: (1 << ESTABLISHED) | (1 << CLOSE_WAIT),
        localPort: this.#port,
        attributes: 1 << (INET_DIAG_INFO - 1),
      } as const;
      this.#diag.ask(question, (body) => readConnection(family, body, found));
    }
    return found;
  }
}

function readConnection(family: number, body: Reader, found: Map<string, TcpFacts>): void {
  const address = body.part(DIAG.remoteAddress, DIAG.remoteAddress + 16).bytes();
  const host = family === AF_INET ? formatIpv4(address) : formatIpv6(address);
  const peer = `${host.includes(':') ? `[${host}]` : host}:${portAt(body, DIAG.remotePort)}`;
  for (const { type, value } of body.attributes(DIAG.bytes)) {
    if (type !== INET_DIAG_INFO) continue;
    found.set(peer, [value.u64(ACKED_AT), value.u64(RECEIVED_AT), body.u32(DIAG.queued)]);
  }
}
