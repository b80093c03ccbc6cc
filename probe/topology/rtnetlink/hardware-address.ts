/** A link-layer address of whatever length the hardware has, as text. */
import { formatMac } from '../../../core/ip.ts';
import type { Reader } from './netlink.ts';

const MAC_BYTES = 6;

/** Lower case with colons; undefined when empty or all zero. */
export function hardwareAddress(value: Reader): string | undefined {
  const bytes = value.bytes();
  if (bytes.every((byte) => byte === 0)) return undefined;
  if (bytes.length === MAC_BYTES) return formatMac(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
