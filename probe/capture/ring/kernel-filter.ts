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
const PROGRAM_BYTES_MAX = 16_384;
/** A jump is 8 bits wide. */
const INTERFACES_MAX = 255;
/** linux/filter.h, linux/bpf_common.h: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JA, BPF_RET|BPF_K. */
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP = 0x05;
const RETURN = 0x06;
/** SKF_AD_OFF + SKF_AD_IFINDEX */
const AUXILIARY_IFINDEX = 0xffff_f008;
const UNKNOWN_NETMASK = 0xffff_ffff;

let pcap: Pcap | undefined;

/** Undefined when libpcap is not there. Throws LinuxError `KOFFI`. */
function loadPcap(): Pcap | undefined {
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
  return undefined;
}

/**
 * The program of a filter text for a link type; packets it lets pass are cut to `snapBytes`. "" lets all pass.
 * Undefined when there is no libpcap to compile it, or the kernel would not take it (`protochain` makes loops, others are
 * too long). Throws CaptureError with libpcap's words.
 */
export function compileFilter(text: string, linkType: number, snapBytes: number): FilterProgram | undefined {
  if (text.trim() === '') return keepAll(snapBytes);
  const library = loadPcap();
  if (library === undefined) return undefined;
  const handle = library.openDead(linkType, snapBytes);
  // struct bpf_program { u_int bf_len; struct bpf_insn *bf_insns; }
  const program = Buffer.alloc(16);
  try {
    if (library.compile(handle, program, text, 1, UNKNOWN_NETMASK) !== 0)
      throw new CaptureError(`Not a valid BPF expression: ${library.error(handle)}`);
    const length = program.readUInt32LE(0) * INSTRUCTION_BYTES;
    const bytes = Uint8Array.from(library.decode(program.readBigUInt64LE(8), length));
    library.freeCode(program);
    return isForKernel(bytes) ? bytes : undefined;
  } finally {
    library.close(handle);
  }
}

/** `ret #snapBytes` */
export function keepAll(snapBytes: number): FilterProgram {
  return instruction(RETURN, 0, 0, snapBytes);
}

/** The program, for packets of these interfaces only; as it was when they are too many to be told apart in the kernel. */
export function limitToInterfaces(program: FilterProgram, ifIndexes: readonly number[]): FilterProgram {
  const count = ifIndexes.length;
  if (count > INTERFACES_MAX) return program;
  const parts = [
    instruction(LOAD_WORD, 0, 0, AUXILIARY_IFINDEX),
    // Each jumps over the rest of them and the refusal.
    ...ifIndexes.map((ifIndex, n) => instruction(JUMP_EQUAL, count - n, 0, ifIndex)),
    keepAll(0),
    program,
  ];
  return Uint8Array.from(Buffer.concat(parts));
}

/** struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; } */
function instruction(code: number, jumpTrue: number, jumpFalse: number, k: number): FilterProgram {
  const bytes = Buffer.alloc(INSTRUCTION_BYTES);
  bytes.writeUInt16LE(code, 0);
  bytes[2] = jumpTrue;
  bytes[3] = jumpFalse;
  bytes.writeUInt32LE(k, 4);
  return Uint8Array.from(bytes);
}

/** Jumps forward only, and of a length that the kernel has memory for by default (net.core.optmem_max). */
function isForKernel(program: FilterProgram): boolean {
  if (program.length > PROGRAM_BYTES_MAX) return false;
  const view = new DataView(program.buffer);
  for (let at = 0; at < program.length; at += INSTRUCTION_BYTES)
    if (view.getUint16(at, true) === JUMP && view.getInt32(at + 4, true) < 0) return false;
  return true;
}
