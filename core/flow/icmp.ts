/** The ICMP types of the flow model: requests and replies share one, so that both ends make one flow. */
import { ICMPType } from '../../proto/gen/flow.ts';

function table(entries: readonly (readonly [ICMPType, readonly number[]])[]): Uint8Array {
  const types = new Uint8Array(256);
  for (const [type, numbers] of entries) for (const number of numbers) types[number] = type;
  return types;
}

const ICMPV4 = table([
  [ICMPType.ECHO, [0, 8]],
  [ICMPType.ADDRESS_MASK, [17, 18]],
  [ICMPType.DESTINATION_UNREACHABLE, [3]],
  [ICMPType.INFO, [15, 16]],
  [ICMPType.PARAMETER_PROBLEM, [12]],
  [ICMPType.REDIRECT, [5]],
  [ICMPType.ROUTER, [9, 10]],
  [ICMPType.SOURCE_QUENCH, [4]],
  [ICMPType.TIME_EXCEEDED, [11]],
  [ICMPType.TIMESTAMP, [13, 14]],
]);
const ICMPV6 = table([
  [ICMPType.ECHO, [128, 129]],
  [ICMPType.NEIGHBOR, [135, 136]],
  [ICMPType.DESTINATION_UNREACHABLE, [1]],
  [ICMPType.PACKET_TOO_BIG, [2]],
  [ICMPType.PARAMETER_PROBLEM, [4]],
  [ICMPType.REDIRECT, [137]],
  [ICMPType.ROUTER, [133, 134]],
  [ICMPType.TIME_EXCEEDED, [3]],
]);

/** UNKNOWN for a type that the flow model does not name. */
export function icmpv4TypeOf(type: number): ICMPType {
  return ICMPV4[type] as ICMPType;
}

export function icmpv6TypeOf(type: number): ICMPType {
  return ICMPV6[type] as ICMPType;
}
