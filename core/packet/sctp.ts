/** SCTP chunks (RFC 9260): each is a layer of its own until data ends the path. Runs when a flow is born. */
import { LAYERS_MAX, LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const NAMES: Readonly<Record<number, number>> = {
  0: LayerType.SCTPData,
  1: LayerType.SCTPInit,
  2: LayerType.SCTPInitAck,
  3: LayerType.SCTPSack,
  4: LayerType.SCTPHeartbeat,
  5: LayerType.SCTPHeartbeatAck,
  6: LayerType.SCTPAbort,
  7: LayerType.SCTPShutdown,
  8: LayerType.SCTPShutdownAck,
  9: LayerType.SCTPError,
  10: LayerType.SCTPCookieEcho,
  11: LayerType.SCTPCookieAck,
  14: LayerType.SCTPShutdownComplete,
};

/** Fixed bytes of a chunk's content that must be there. */
const LEAST: Readonly<Record<number, number>> = { 0: 16, 1: 20, 2: 20, 3: 16, 7: 8 };

/** Parameters of type 2, length 2, value, padded to four bytes. */
function hasSoundParameters(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    if (at + 4 > to) return false;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (length < 4 || at + length > to) return false;
    at += (length + 3) & ~3;
  }
  return at <= to + 3;
}

/** What the two lists of an acknowledgement take, gaps and duplicates. */
function sackBytes(bytes: Uint8Array, at: number): number {
  const gaps = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  const duplicates = (bytes[at + 14]! << 8) | bytes[at + 15]!;
  return 16 + 2 * gaps + 4 * duplicates;
}

/** Pushes the chunks at `layers.at`; stops before one that is cut or of an unknown type, as the reference does. */
export function decodeSctpChunks(layers: Layers): void {
  const { bytes, end } = layers;
  while (end - layers.at >= 4 && layers.count < LAYERS_MAX) {
    const { at } = layers;
    const kind = bytes[at]!;
    const name = NAMES[kind];
    if (name === undefined) return;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const padded = (length + 3) & ~3;
    const isData = kind === 0;
    if (length < 4 || end - at < (LEAST[kind] ?? 4)) return;
    if (!isData && at + padded > end) return;
    if (kind === 3 && at + sackBytes(bytes, at) > end) return;
    const isInit = kind === 1 || kind === 2;
    if (isInit && (padded < 20 || !hasSoundParameters(bytes, at + 20, at + padded))) return;
    const hasParameters = kind === 4 || kind === 5 || kind === 6 || kind === 9;
    if (hasParameters && !hasSoundParameters(bytes, at + 4, at + length)) return;
    layers.push(name, isData ? 16 : padded);
    if (isData) return;
  }
}
