/**
 * Identifiers of graph elements. Version 5 UUIDs in the OID namespace (RFC 9562 section 5.5), the rule by which
 * the reference makes TIDs and edge ids; unlike its release 0.28.0 the variant bits are standard
 * (docs/divergences.md). SHA-1 is our own because `core/` has no synchronous crypto in every home.
 */
import { sha1 } from './sha1.ts';

const OID_NAMESPACE = [
  0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];
const encoder = new TextEncoder();

/** 16 bytes as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
function formatUuid(bytes: Uint8Array): string {
  let hex = '';
  for (let i = 0; i < 16; i++) hex += (bytes[i] ?? 0).toString(16).padStart(2, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The version 5 UUID of a name in the OID namespace. */
export function uuidV5(name: string): string {
  const text = encoder.encode(name);
  const input = new Uint8Array(16 + text.length);
  input.set(OID_NAMESPACE);
  input.set(text, 16);
  const digest = sha1(input).subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(digest);
}

/** TID of a host node: from its name (the host id). */
export function tidOfHost(name: string): string {
  return uuidV5(name);
}

/** TID of a network namespace node. */
export function tidOfNetns(hostTid: string, path: string): string {
  return uuidV5(`${hostTid}${path}netns`);
}

/** TID of anything else: from its owner's TID. */
export function tidOf(ownerTid: string, name: string, type: string): string {
  return uuidV5(`${ownerTid}${name}${type}`);
}

/** Id of an edge that a probe makes; one edge of a relation type between two nodes. */
export function edgeId(parentId: string, childId: string, relationType: string): string {
  return uuidV5(`${parentId}${childId}${relationType}`);
}

/**
 * Flows read from capture files belong to no host. Wherever they were read they live under this name, so that a file
 * read again replaces its flows; they outlive the connection that brought them and end by the idle rule alone.
 */
export const FILES_HOST = 'pcap:';

/** Whether a host id stands for capture files: {@link FILES_HOST}, or that with the name of the host that read them. */
export function isFilesHost(hostId: string): boolean {
  return hostId.startsWith(FILES_HOST);
}
