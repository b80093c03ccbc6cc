/** SIP over UDP (RFC 3261), sFlow, BFD (RFC 5880) and NTP: whether it is one. Runs when a flow is born. */
import { LayerType } from './layers.ts';
import type { Layers } from './layers.ts';

const METHODS = new Set(
  'INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE PING'.split(
    ' ',
  ),
);
/** A longer first line or header is not read as SIP. */
const HEAD_BYTES_MAX = 4096;

function isVersion(text: string | undefined): boolean {
  return text !== undefined && /^SIP\/[12]\.0$/i.test(text);
}

function isFirstLine(line: string): boolean {
  const parts = line.split(' ');
  if (parts.length < 3) return false;
  if (parts[0]!.startsWith('SIP')) return isVersion(parts[0]) && /^[+-]?\d+$/.test(parts[1]!);
  return METHODS.has(parts[0]!.toUpperCase()) && isVersion(parts.slice(2).join(' '));
}

function isHeader(line: string, isResponse: boolean): boolean {
  const colon = line.indexOf(':');
  if (colon < 0 || line.startsWith(' ') || line.startsWith('\t')) return true;
  const name = line.slice(0, colon).trim().toLowerCase();
  const value = line.slice(colon + 1).trim();
  if (name === 'content-length') return /^[+-]?\d{1,18}$/.test(value);
  if (name !== 'cseq' || !value.includes(' ')) return true;
  const [number, method] = value.split(' ');
  return /^[+-]?\d{1,18}$/.test(number!) && (!isResponse || METHODS.has(method!.toUpperCase()));
}

/** The first line must be a request or status line; later ones with numbers must hold numbers. */
export function decodeSip(layers: Layers): void {
  const { bytes, at, end } = layers;
  const head = bytes.subarray(at, Math.min(end, at + HEAD_BYTES_MAX));
  // Line ends at both ends are taken off, so that the last of several lines is none.
  const text = String.fromCharCode(...head).replace(/^\n+|\n+$/g, '');
  const lines = text.split('\n');
  // What follows the last line end is not a line.
  lines.pop();
  let isResponse = false;
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/^\r+|\r+$/g, '');
    if (line === '') break;
    if (index === 0) {
      if (!isFirstLine(line)) return;
      isResponse = line.startsWith('SIP');
    } else if (!isHeader(line, isResponse)) {
      return;
    }
  }
  layers.push(LayerType.SIP, end - at);
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** A header of the told address family, and samples of known kinds whose lengths fit. */
export function decodeSflow(layers: Layers): void {
  const { bytes, at, end } = layers;
  if (end - at < 28) return;
  let sample = at + 8 + (word(bytes, at + 4) === 2 ? 16 : 4) + 16;
  if (sample > end) return;
  const samples = word(bytes, sample - 4);
  if (samples < 1) return;
  for (let i = 0; i < samples; i++) {
    if (sample + 8 > end) return;
    const kind = word(bytes, sample) & 0xfff;
    const length = word(bytes, sample + 4);
    if (kind < 1 || kind > 4 || sample + 8 + length > end) return;
    sample += 8 + length;
  }
  layers.push(LayerType.SFlow, end - at);
}

/** The length byte must tell exactly what is there; digests need their sequence number. */
export function decodeBfd(layers: Layers): void {
  const { bytes, at, end } = layers;
  const length = end - at;
  if (length < 24 || bytes[at + 3] !== length) return;
  const hasDigest =
    (bytes[at + 1]! & 0x04) !== 0 && length > 26 && bytes[at + 24]! >= 2 && bytes[at + 24]! <= 5;
  if (!hasDigest || length >= 32) layers.push(LayerType.BFD, length);
}

export function decodeNtp(layers: Layers): void {
  if (layers.end - layers.at >= 48) layers.push(LayerType.NTP, layers.end - layers.at);
}
