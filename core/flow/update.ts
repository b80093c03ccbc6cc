/**
 * One more sub-packet of a live flow: counters, round trip time, TCP flags (flow model notes, sections 7 to 9).
 * Runs for every packet; the row's flags say what else there is to do.
 *
 * Direction: the key put the packet's ends into an order (`swap`); a packet with the same order as the first one goes
 * from A to B. This is the reference's rule where ends differ, and right where they are equal (loopback), where the
 * reference counts the first packet backwards.
 */
import { FlowFinishType } from '../../proto/gen/flow.ts';
import type { TCPMetric } from '../../proto/gen/flow.ts';
import type { Layers } from '../packet/layers.ts';
import {
  D_AB_BYTES,
  D_AB_PACKETS,
  D_BA_BYTES,
  D_BA_PACKETS,
  D_LAST,
  D_RTT_NS,
  D_RTT_START,
  F_CHANGED,
  F_FIN_A,
  F_FIN_B,
  F_FINISH_MASK,
  F_FINISH_SHIFT,
  F_RTT,
  F_SWAP,
  ROW_DOUBLES,
  ROW_WORDS,
  W_FLAGS,
  W_RTT_SUB_NS,
} from './rows.ts';
import type { FlowRows } from './rows.ts';
import type { SubPacket } from './sub-packet.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** The flags byte of the own TCP header; 0 when there is none or it was cut. */
export function tcpFlagsOf(layers: Layers, sub: SubPacket): number {
  return sub.tcp >= 0 && sub.isTcpWhole ? layers.bytes[sub.tcp + 13]! : 0;
}

/**
 * Counts a sub-packet of `size` bytes. Returns true when it finished the flow, so that the table sends it at once.
 * Times: ms since 1970 and the ns below.
 */
export function countPacket(
  rows: FlowRows,
  row: number,
  layers: Layers,
  sub: SubPacket,
  swap: boolean,
  size: number,
  timeMs: number,
  subMsNs: number,
): boolean {
  const { doubles, words } = rows;
  const at = row * ROW_DOUBLES;
  const flagsAt = row * ROW_WORDS + W_FLAGS;
  const flags = words[flagsAt]!;
  const isForward = ((flags & F_SWAP) !== 0) === swap;
  doubles[at + D_LAST] = timeMs;
  if (isForward) {
    doubles[at + D_AB_PACKETS]! += 1;
    doubles[at + D_AB_BYTES]! += size;
  } else {
    doubles[at + D_BA_PACKETS]! += 1;
    doubles[at + D_BA_BYTES]! += size;
  }
  words[flagsAt] = flags | F_CHANGED;
  const { bytes } = layers;
  if (sub.icmpv4 >= 0) {
    const type = bytes[sub.icmpv4]!;
    if (type === 8) startRtt(rows, row, timeMs, subMsNs);
    else if (type === 0) endRtt(rows, row, timeMs, subMsNs);
    return false;
  }
  if (sub.icmpv6 >= 0) {
    const type = bytes[sub.icmpv6]!;
    if (type === 128) startRtt(rows, row, timeMs, subMsNs);
    else if (type === 129) endRtt(rows, row, timeMs, subMsNs);
    return false;
  }
  if (sub.tcp < 0 || !sub.isTcpWhole) return false;
  const tcp = bytes[sub.tcp + 13]!;
  return (tcp & (SYN | FIN | RST)) !== 0 && followTcp(rows, row, tcp, isForward, timeMs, subMsNs);
}

function startRtt(rows: FlowRows, row: number, timeMs: number, subMsNs: number): void {
  const flagsAt = row * ROW_WORDS + W_FLAGS;
  if ((rows.words[flagsAt]! & F_RTT) !== 0) return;
  rows.words[flagsAt]! |= F_RTT;
  rows.doubles[row * ROW_DOUBLES + D_RTT_START] = timeMs;
  rows.words[row * ROW_WORDS + W_RTT_SUB_NS] = subMsNs;
}

function endRtt(rows: FlowRows, row: number, timeMs: number, subMsNs: number): void {
  const flagsAt = row * ROW_WORDS + W_FLAGS;
  if ((rows.words[flagsAt]! & F_RTT) === 0) return;
  rows.words[flagsAt]! &= ~F_RTT;
  const at = row * ROW_DOUBLES;
  const waitedMs = timeMs - rows.doubles[at + D_RTT_START]!;
  rows.doubles[at + D_RTT_NS] = waitedMs * 1e6 + (subMsNs - rows.words[row * ROW_WORDS + W_RTT_SUB_NS]!);
}

/** RTT of a handshake, and the end of a connection: RST, or FIN of both sides. True when it ended now. */
function followTcp(
  rows: FlowRows,
  row: number,
  tcp: number,
  isForward: boolean,
  timeMs: number,
  subMsNs: number,
): boolean {
  const flagsAt = row * ROW_WORDS + W_FLAGS;
  const isWaiting = (rows.words[flagsAt]! & F_RTT) !== 0;
  if ((tcp & SYN) !== 0 && !isWaiting) startRtt(rows, row, timeMs, subMsNs);
  else if ((tcp & RST) !== 0 || (tcp & (SYN | ACK)) === (SYN | ACK)) endRtt(rows, row, timeMs, subMsNs);
  let flags = rows.words[flagsAt]!;
  // A new connection on the same ports.
  if ((tcp & (SYN | ACK | RST)) === SYN) flags &= ~(F_FIN_A | F_FIN_B | F_FINISH_MASK);
  if ((tcp & FIN) !== 0) flags |= isForward ? F_FIN_A : F_FIN_B;
  let isEnd = false;
  if ((flags & F_FINISH_MASK) === 0) {
    let finish: number = FlowFinishType.NOT_FINISHED;
    if ((tcp & RST) !== 0) finish = FlowFinishType.TCP_RST;
    else if ((flags & (F_FIN_A | F_FIN_B)) === (F_FIN_A | F_FIN_B)) finish = FlowFinishType.TCP_FIN;
    isEnd = finish !== FlowFinishType.NOT_FINISHED;
    flags |= finish << F_FINISH_SHIFT;
  }
  rows.words[flagsAt] = flags;
  return isEnd;
}

/** A flow whose first packet carries FIN is taken for finished, as in the reference: its rest was not captured. */
export function finishAtBirth(rows: FlowRows, row: number, tcp: number): void {
  if ((tcp & FIN) !== 0) rows.words[row * ROW_WORDS + W_FLAGS]! |= FlowFinishType.TCP_FIN << F_FINISH_SHIFT;
}

/** Times of SYN, FIN and RST, each for the side that sent it. `ttl`: of the packet's IP header. */
export function countTcpMetric(
  metric: TCPMetric,
  tcp: number,
  isForward: boolean,
  timeMs: number,
  ttl: number,
): void {
  if ((tcp & SYN) !== 0) {
    // The first of each side; the reference counts a repeated SYN of A as B's.
    if (isForward && metric.ABSynStart === 0) {
      metric.ABSynStart = timeMs;
      metric.ABSynTTL = ttl;
    } else if (!isForward && metric.BASynStart === 0) {
      metric.BASynStart = timeMs;
      metric.BASynTTL = ttl;
    }
  } else if ((tcp & FIN) !== 0) {
    if (isForward) metric.ABFinStart = timeMs;
    else metric.BAFinStart = timeMs;
  } else if ((tcp & RST) !== 0) {
    if (isForward) metric.ABRstStart = timeMs;
    else metric.BARstStart = timeMs;
  }
}

/** Counts packets that were held back (fragments of the datagram that was completed). */
export function countEarlier(
  rows: FlowRows,
  row: number,
  swap: boolean,
  packets: number,
  bytes: number,
): void {
  const at = row * ROW_DOUBLES;
  const isForward = ((rows.words[row * ROW_WORDS + W_FLAGS]! & F_SWAP) !== 0) === swap;
  rows.doubles[at + (isForward ? D_AB_PACKETS : D_BA_PACKETS)]! += packets;
  rows.doubles[at + (isForward ? D_AB_BYTES : D_BA_BYTES)]! += bytes;
}
