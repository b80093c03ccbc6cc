/** Packets between two hosts, as the tests of the flow table send them. */
import type { TcpFields } from '../packet/frames.ts';
import { MAC_A, MAC_B, ethernet, ipv4, tcp, udp } from '../packet/frames.ts';

export const A = '10.1.0.1';
export const B = '10.1.0.2';

export function tcpFrame(fields: TcpFields = {}, payload = 0): Uint8Array {
  return ethernet(0x0800, ipv4(6, tcp(fields, new Uint8Array(payload))));
}

/** The same connection, from the other side. */
export function tcpReply(fields: TcpFields = {}, payload = 0): Uint8Array {
  const back = { ...fields, source: fields.target ?? 80, target: fields.source ?? 40_000 };
  return ethernet(
    0x0800,
    ipv4(6, tcp(back, new Uint8Array(payload)), { source: B, target: A }),
    MAC_B,
    MAC_A,
  );
}

export function udpFrame(source: number, target: number, payload = 0): Uint8Array {
  return ethernet(0x0800, ipv4(17, udp(source, target, new Uint8Array(payload))));
}
