/**
 * Filter programs for packet sockets: libpcap compiles the text (`pcap_compile`), the kernel runs it
 * (SO_ATTACH_FILTER, socket(7)). Its return value is also how many bytes of a packet are kept.
 */
import { loadKoffi } from '../../linux/libc.ts';
import { CaptureError } from '../capture-source.ts';

/** `struct sock_filter` after `struct sock_filter`, 8 bytes each. */
export type FilterProgram = Uint8Array<ArrayBuffer>;

interface Pcap {
  openDead(linkType: number, snapLength: number): unknown;
  compile(handle: unknown, program: Uint8Array, text: string, optimize: number, netmask: number): number;
  error(handle: unknown): string;
  freeCode(program: Uint8Array): void;
  close(handle: unknown): void;
  decode(pointer: bigint, length: number): Uint8Array;
}

/** By the names that distributions give libpcap's library; Debian kept its own version number. */
const LIBRARY_NAMES = ['libpcap.so.1', 'libpcap.so.0.8', 'libpcap.so'];
const INSTRUCTION_BYTES = 8;
const UNKNOWN_NETMASK = 0xffff_ffff;

let pcap: Pcap | undefined;

/** Throws CaptureError when libpcap, or koffi, is not there. */
function loadPcap(): Pcap {
  if (pcap !== undefined) return pcap;
  const koffi = loadKoffi();
  for (const name of LIBRARY_NAMES) {
    try {
      const library = koffi.load(name);
      const bind = (definition: string) => library.func(definition);
      pcap = {
        openDead: bind('void *pcap_open_dead(int, int)') as Pcap['openDead'],
        compile: bind('int pcap_compile(void *, void *, const char *, int, uint32_t)') as Pcap['compile'],
        error: bind('const char *pcap_geterr(void *)') as Pcap['error'],
        freeCode: bind('void pcap_freecode(void *)') as Pcap['freeCode'],
        close: bind('void pcap_close(void *)') as Pcap['close'],
        decode: (pointer, length) => new Uint8Array(koffi.view(pointer, length)).slice(),
      };
      return pcap;
    } catch {
      // Another name, perhaps.
    }
  }
  throw new CaptureError('libpcap is not installed: filters cannot be compiled');
}

/**
 * The program of a filter text for a link type; packets it lets pass are cut to `snapBytes`. "" lets all pass.
 * Throws CaptureError with libpcap's words.
 */
export function compileFilter(text: string, linkType: number, snapBytes: number): FilterProgram {
  if (text.trim() === '') return keepAll(snapBytes);
  const library = loadPcap();
  const handle = library.openDead(linkType, snapBytes);
  // struct bpf_program { u_int bf_len; struct bpf_insn *bf_insns; }
  const program = Buffer.alloc(16);
  try {
    if (library.compile(handle, program, text, 1, UNKNOWN_NETMASK) !== 0)
      throw new CaptureError(`Not a valid BPF expression: ${library.error(handle)}`);
    const length = program.readUInt32LE(0) * INSTRUCTION_BYTES;
    const bytes = Uint8Array.from(library.decode(program.readBigUInt64LE(8), length));
    library.freeCode(program);
    return bytes;
  } finally {
    library.close(handle);
  }
}

/** `ret #snapBytes` */
export function keepAll(snapBytes: number): FilterProgram {
  const instruction = Buffer.alloc(INSTRUCTION_BYTES);
  instruction.writeUInt16LE(0x06, 0); // BPF_RET | BPF_K
  instruction.writeUInt32LE(snapBytes, 4);
  return Uint8Array.from(instruction);
}
