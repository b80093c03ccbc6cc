/** DHCPv4 (RFC 2131) and DHCPv6 (RFC 8415): whether it is one, and the fields of the DHCPv4 layer of a flow. */
import { createDHCPv4 } from '../../proto/gen/flow.ts';
import type { DHCPv4 } from '../../proto/gen/flow.ts';
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const FIXED_BYTES = 240;
const MAGIC = [99, 130, 83, 99];
const OPTION_PAD = 0;
const OPTION_END = 255;

function isDhcpv4(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < FIXED_BYTES) return false;
  for (let i = 0; i < 4; i++) if (bytes[at + 236 + i] !== MAGIC[i]) return false;
  let option = at + FIXED_BYTES;
  while (option < end) {
    const kind = bytes[option]!;
    if (kind === OPTION_END) return true;
    if (kind === OPTION_PAD) {
      option++;
      continue;
    }
    if (option + 2 > end || option + 2 + bytes[option + 1]! > end) return false;
    option += 2 + bytes[option + 1]!;
  }
  return true;
}

export function decodeDhcpv4(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (isDhcpv4(bytes, at, end)) layers.push(LayerType.DHCPv4, end - at);
}

/** The DHCPv4 layer of a flow from the header at `at`: the fields that the reference fills. */
export function readDhcpv4(bytes: Uint8Array, at: number): DHCPv4 {
  return createDHCPv4({
    hardware_len: bytes[at + 2]!,
    hardware_opts: bytes[at + 3]!,
    secs: (bytes[at + 8]! << 8) | bytes[at + 9]!,
    flags: (bytes[at + 10]! << 8) | bytes[at + 11]!,
    server_name: bytes.slice(at + 44, at + 108),
    file: bytes.slice(at + 108, at + 236),
  });
}

export function decodeDhcpv6(layers: Layers): void {
  const { bytes, at, end } = layers;
  const kind = bytes[at]!;
  // Messages between relays carry two addresses.
  let option = at + (kind === 12 || kind === 13 ? 34 : 4);
  if (option > end) return;
  while (option < end) {
    if (option + 4 > end) return;
    option += 4 + ((bytes[option + 2]! << 8) | bytes[option + 3]!);
    if (option > end) return;
  }
  layers.push(LayerType.DHCPv6, end - at);
}
