/** A link-layer address of whatever length the hardware has, as text. */
import type { Reader } from './netlink.ts';

/** Lower case with colons; undefined when empty or all zero. */
export function hardwareAddress(value: Reader): string | undefined {
  const bytes = value.bytes();
  if (bytes.every((byte) => byte === 0)) return undefined;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
