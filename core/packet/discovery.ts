/**
 * Link-local protocols that only name the end of a path: LLDP (IEEE 802.1AB), CDP, Nortel discovery, Ethernet CTP,
 * EAPOL and EAP (IEEE 802.1X), ARP (RFC 826). Runs when a flow is born; lengths are checked as the reference does.
 */
import { LAYERS_MAX, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

function short(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** The header ends behind four addresses whose lengths it tells. */
export function decodeArp(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 8) return;
  const length = 8 + 2 * bytes[at + 4]! + 2 * bytes[at + 5]!;
  if (length <= 255 && at + length <= end) layers.push(LayerType.ARP, length);
}

/** A frame without chassis, port, time to live and end is no LLDP. */
export function decodeLldp(layers: Layers): void {
  const { bytes, end } = layers;
  let { at } = layers;
  let values = 0;
  let hasChassis = false;
  let hasPort = false;
  let hasEnd = false;
  while (at < end && !hasEnd) {
    if (at + 2 > end) return;
    const type = bytes[at]! >> 1;
    const length = ((bytes[at]! & 1) << 8) | bytes[at + 1]!;
    if (at + 2 + length > end) return;
    if (type >= 1 && type <= 3 && length < 2) return;
    if (type === 1) hasChassis = bytes[at + 2] !== 0;
    if (type === 2) hasPort = bytes[at + 2] !== 0;
    hasEnd = type === 0;
    values++;
    at += 2 + length;
  }
  if (values < 4 || !hasChassis || !hasPort || !hasEnd) return;
  layers.push(LayerType.LinkLayerDiscovery, end - layers.at);
  layers.push(LayerType.LinkLayerDiscoveryInfo, 0);
}

export function decodeCdp(layers: Layers): void {
  const { bytes, end } = layers;
  let { at } = layers;
  if (end - at < 4 || (bytes[at] !== 1 && bytes[at] !== 2)) return;
  at += 4;
  while (at < end) {
    const length = at + 4 <= end ? short(bytes, at + 2) : 0;
    if (length < 4 || at + length > end) return;
    at += length;
  }
  layers.push(LayerType.CiscoDiscovery, 4);
  if (layers.at < end) layers.push(LayerType.CiscoDiscoveryInfo, end - layers.at);
}

export function decodeNortel(layers: Layers): void {
  if (layers.end - layers.at >= 11) layers.push(LayerType.NortelDiscovery, layers.end - layers.at);
}

/** Loopback tests: a skip count, then functions until a reply. Little-endian. */
export function decodeCtp(layers: Layers): void {
  const { bytes, end } = layers;
  if (end - layers.at < 2 || (bytes[layers.at]! & 1) !== 0) return;
  layers.push(LayerType.EthernetCTP, 2);
  while (end - layers.at >= 4 && layers.count < LAYERS_MAX) {
    const kind = bytes[layers.at]! | (bytes[layers.at + 1]! << 8);
    if (kind === 1) {
      layers.push(LayerType.EthernetCTPReply, end - layers.at);
      return;
    }
    if (kind !== 2 || end - layers.at < 8) return;
    layers.push(LayerType.EthernetCTPForwardData, 8);
  }
}

const EAPOL_KEY_BYTES = 95;

export function decodeEapol(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 4) return;
  const kind = bytes[at + 1]!;
  layers.push(LayerType.EAPOL, 4);
  if (kind === 0) decodeEap(layers);
  else if (kind === 3) decodeEapolKey(layers);
}

function decodeEap(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 4) return;
  const length = short(bytes, at + 2);
  if (length >= 4 && at + length <= end) layers.push(LayerType.EAP, length);
}

function decodeEapolKey(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < EAPOL_KEY_BYTES) return;
  const dataLength = short(bytes, at + 93);
  const isEncrypted = (bytes[at + 1]! & 0x10) !== 0;
  if (end - at < EAPOL_KEY_BYTES + dataLength) return;
  layers.push(LayerType.EAPOLKey, isEncrypted ? EAPOL_KEY_BYTES + dataLength : EAPOL_KEY_BYTES);
  if (isEncrypted || dataLength === 0) return;
  // Information elements: id 1, length 1, value; a vendor's one holds at least its four bytes of identity.
  while (end - layers.at >= 2 && layers.count < LAYERS_MAX) {
    const length = bytes[layers.at + 1]!;
    if (layers.at + 2 + length > end || (bytes[layers.at] === 221 && length < 4)) return;
    layers.push(LayerType.Dot11InformationElement, 2 + length);
  }
}
