/**
 * libpcap through koffi, for comparison only: compiles a filter for a link type without any interface and runs it
 * over packets in memory. Needs koffi (an optional dependency) and libpcap.so on the host.
 */
import { createRequire } from 'node:module';

/** A filter that libpcap accepted. `matches` is `pcap_offline_filter`. */
export interface LibpcapFilter {
  matches(packet: Uint8Array, wireLength: number): boolean;
  free(): void;
}

export interface Libpcap {
  readonly version: string;
  /** The filter, or the text of the refusal. `optimize` as in `pcap_compile`. */
  compile(expression: string, linkType: number, optimize?: boolean): LibpcapFilter | string;
}

/** PCAP_NETMASK_UNKNOWN: no interface, no netmask. */
const netmaskUnknown = 0xffffffff;
const snapLength = 262_144;

interface Koffi {
  load(path: string): { func(prototype: string): (...args: unknown[]) => unknown };
}

/** Throws when koffi or libpcap cannot be loaded. */
export function loadLibpcap(): Libpcap {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const library = firstOf(['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'], (name) => koffi.load(name));
  const libVersion = library.func('const char *pcap_lib_version(void)');
  const openDead = library.func('void *pcap_open_dead(int linktype, int snaplen)');
  const compileFilter = library.func(
    'int pcap_compile(void *p, void *fp, const char *str, int optimize, uint32_t netmask)',
  );
  const geterr = library.func('const char *pcap_geterr(void *p)');
  const offlineFilter = library.func('int pcap_offline_filter(void *fp, void *header, void *packet)');
  const freecode = library.func('void pcap_freecode(void *fp)');
  const handles = new Map<number, unknown>();
  return {
    version: String(libVersion()),
    compile(expression, linkType, optimize = true) {
      const handle = handles.get(linkType) ?? openDead(linkType, snapLength);
      handles.set(linkType, handle);
      // struct bpf_program: a length and a pointer.
      const filter = Buffer.alloc(16);
      const failed = compileFilter(handle, filter, expression, optimize ? 1 : 0, netmaskUnknown);
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
