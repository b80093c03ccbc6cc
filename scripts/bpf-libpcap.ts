/**
 * libpcap through koffi, for comparison only: compiles a filter for a link type, as for an interface or as for a
 * stored capture, and runs it over packets in memory. Needs koffi (an optional dependency) and libpcap on the host.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A filter that libpcap accepted. `matches` is `pcap_offline_filter`. */
export interface LibpcapFilter {
  matches(packet: Uint8Array, wireLength: number): boolean;
  free(): void;
}

export interface Libpcap {
  readonly version: string;
  /** The filter, or the text of the refusal. `stored`: as when reading a capture file. */
  compile(expression: string, linkType: number, stored: boolean): LibpcapFilter | string;
}

/** PCAP_NETMASK_UNKNOWN: no interface, no netmask. */
const netmaskUnknown = 0xffffffff;
const snapLength = 262_144;

interface Koffi {
  load(path: string): { func(prototype: string): (...args: unknown[]) => unknown };
}

/** Throws when koffi or libpcap cannot be loaded. */
export function loadLibpcap(): Libpcap {
  // libpcap looks up names of hosts, which random filters contain now and then: no long waiting for an answer.
  process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:1';
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const library = firstOf(['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'], (name) => koffi.load(name));
  const libVersion = library.func('const char *pcap_lib_version(void)');
  const openDead = library.func('void *pcap_open_dead(int linktype, int snaplen)');
  const openFile = library.func('void *pcap_open_offline(const char *path, void *error)');
  const compileFilter = library.func(
    'int pcap_compile(void *p, void *fp, const char *str, int optimize, uint32_t netmask)',
  );
  const geterr = library.func('const char *pcap_geterr(void *p)');
  const offlineFilter = library.func('int pcap_offline_filter(void *fp, void *header, void *packet)');
  const freecode = library.func('void pcap_freecode(void *fp)');
  const handles = new Map<string, unknown>();
  const handleOf = (linkType: number, stored: boolean): unknown => {
    const key = `${linkType}/${stored}`;
    const open = (): unknown =>
      stored ? openEmptyCapture(openFile, linkType) : openDead(linkType, snapLength);
    if (!handles.has(key)) handles.set(key, open());
    return handles.get(key);
  };
  return {
    version: String(libVersion()),
    compile(expression, linkType, stored) {
      const handle = handleOf(linkType, stored);
      // struct bpf_program: a length and a pointer.
      const filter = Buffer.alloc(16);
      const failed = compileFilter(handle, filter, expression, 1, netmaskUnknown);
      if (failed !== 0) return String(geterr(handle));
      // struct pcap_pkthdr: a time of two longs, captured length, length on the wire.
      const header = Buffer.alloc(24);
      return {
        matches(packet, wireLength) {
          header.writeUInt32LE(packet.length, 16);
          header.writeUInt32LE(wireLength, 20);
          return offlineFilter(filter, header, packet) !== 0;
        },
        free: () => void freecode(filter),
      };
    },
  };
}

/** A handle on a capture file without packets, of this link type (little-endian, microseconds). */
function openEmptyCapture(openFile: (...args: unknown[]) => unknown, linkType: number): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-'));
  try {
    const path = join(directory, 'empty.pcap');
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(snapLength, 16);
    // Raw IP has another number in files than in libpcap.
    header.writeUInt32LE(linkType === 12 ? 101 : linkType, 20);
    writeFileSync(path, header);
    return openFile(path, Buffer.alloc(256));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function firstOf<T>(names: readonly string[], attempt: (name: string) => T): T {
  let reason: unknown;
  for (const name of names) {
    try {
      return attempt(name);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}
