/**
 * The state that code generation carries through a filter, from left to right in its text: where the headers of
 * the packet lie as far as the tests before have told (`vlan`, `mpls`, `pppoes`, `geneve` move them), and which
 * memory words are in use. Plus the primitive loads and comparisons built on it.
 * Source: pcap-filter(7) for what moves what; order of tests and loads as libpcap 1.10.3 makes them, because that
 * order decides which packets a too short capture drops.
 */
import type { LinkLayer, LinkLayout } from './link-types.ts';
import { BpfError } from './errors.ts';
import * as bpf from './instructions.ts';
import type { Statement, Test } from './instructions.ts';

/** A place in the packet: a number of bytes, plus what a memory word holds when `variable`. */
export interface Place {
  constant: number;
  variable: boolean;
  /** Memory word, or undefined while none was needed. */
  register: number | undefined;
}

/** What an offset is counted from. */
export type Base =
  | 'link header'
  | 'link type'
  /** The first byte after the link header: an LLC header, or a tag. */
  | 'link payload'
  | 'network'
  /** Network header after 802.2 without SNAP. */
  | 'network without snap'
  /** The last label of an MPLS stack. */
  | 'previous label'
  | 'transport of ip'
  /** Directly after the fixed header: extension headers are not skipped. */
  | 'transport of ip6';

export type Width = 1 | 2 | 4;
const widthCode: Readonly<Record<Width, number>> = { 1: bpf.BYTE, 2: bpf.HALF, 4: bpf.WORD };

const fixed = (constant: number): Place => ({ constant, variable: false, register: undefined });

export class Generator {
  layer: LinkLayer;
  linkHeader = fixed(0);
  linkType: Place;
  linkPayload: Place;
  /** From the payload to the network header; differs with 802.2 and grows with MPLS labels. */
  network = 0;
  networkNoSnap: number;
  labelDepth = 0;
  isGeneve = false;
  /** Set by code with jumps inside blocks, which the optimiser cannot follow. */
  noOptimize = false;
  /** Whether packets come from an interface (the kernel knows more than the bytes) or from memory. */
  readonly live: boolean;
  readonly #used = Array.from({ length: bpf.memoryWords }, () => false);
  #nextRegister = 0;

  constructor(layout: LinkLayout, live: boolean) {
    this.layer = layout.layer;
    this.live = live;
    this.linkType = fixed(layout.typeOffset ?? 0);
    this.linkPayload = fixed(layout.payload);
    this.networkNoSnap = layout.networkNoSnap;
  }

  /** A free memory word. Throws BpfError when all 16 are taken. */
  allocate(offset: number): number {
    for (let tries = 0; tries < bpf.memoryWords; tries++) {
      if (!this.#used[this.#nextRegister]) {
        this.#used[this.#nextRegister] = true;
        return this.#nextRegister;
      }
      this.#nextRegister = (this.#nextRegister + 1) % bpf.memoryWords;
    }
    throw new BpfError('too many registers needed to evaluate expression', offset);
  }

  release(register: number): void {
    this.#used[register] = false;
  }

  /** Loads the variable part of a place into X; nothing when it has none. */
  loadVariablePart(place: Place): Statement[] {
    if (!place.variable) return [];
    place.register ??= this.allocate(0);
    return [bpf.statement(bpf.LDX | bpf.MEM, place.register)];
  }

  /** Loads X with the length of the IPv4 header (and the variable part of the payload's place). */
  loadIpHeaderLength(): Statement[] {
    const at = this.linkPayload.constant + this.network;
    const variable = this.loadVariablePart(this.linkPayload);
    if (variable.length === 0) return [bpf.statement(bpf.LDX | bpf.MSH | bpf.BYTE, at)];
    return [
      ...variable,
      bpf.statement(bpf.LD | bpf.IND | bpf.BYTE, at),
      bpf.statement(bpf.ALU | bpf.AND | bpf.K, 0xf),
      bpf.statement(bpf.ALU | bpf.LSH | bpf.K, 2),
      bpf.statement(bpf.ALU | bpf.ADD | bpf.X),
      bpf.statement(bpf.MISC | bpf.TAX),
    ];
  }

  /** Loads A with the big-endian field of `width` bytes at `offset` from `base`. */
  load(base: Base, offset: number, width: Width): Statement[] {
    switch (base) {
      case 'link header':
        return this.#loadAt(this.linkHeader, offset, width);
      case 'link type':
        return this.#loadAt(this.linkType, offset, width);
      case 'link payload':
        return this.#loadAt(this.linkPayload, offset, width);
      case 'network':
        return this.#loadAt(this.linkPayload, this.network + offset, width);
      case 'network without snap':
        return this.#loadAt(this.linkPayload, this.networkNoSnap + offset, width);
      case 'previous label':
        return this.#loadAt(this.linkPayload, this.network - 4 + offset, width);
      case 'transport of ip6':
        return this.#loadAt(this.linkPayload, this.network + 40 + offset, width);
      case 'transport of ip': {
        const at = this.linkPayload.constant + this.network + offset;
        return [...this.loadIpHeaderLength(), bpf.statement(bpf.LD | bpf.IND | widthCode[width], at)];
      }
    }
  }

  #loadAt(place: Place, offset: number, width: Width): Statement[] {
    const variable = this.loadVariablePart(place);
    const mode = variable.length === 0 ? bpf.ABS : bpf.IND;
    return [...variable, bpf.statement(bpf.LD | mode | widthCode[width], place.constant + offset)];
  }

  /** Whether the field relates to `value` as `jump` (JEQ, JGT, JGE) says. */
  compare(jump: number, base: Base, offset: number, width: Width, value: number): Test {
    return bpf.test(jump, value, this.load(base, offset, width));
  }

  /** Whether the field is `value`. */
  equals(base: Base, offset: number, width: Width, value: number): Test {
    return this.compare(bpf.JEQ, base, offset, width, value);
  }

  /** Whether the masked field is `value`; a full mask costs nothing. */
  equalsMasked(base: Base, offset: number, width: Width, value: number, mask: number): Test {
    const load = this.load(base, offset, width);
    if (mask >>> 0 !== 0xffffffff) load.push(bpf.statement(bpf.ALU | bpf.AND | bpf.K, mask));
    return bpf.test(bpf.JEQ, value, load);
  }

  /** Whether the field has one of the bits. */
  hasBits(base: Base, offset: number, width: Width, bits: number): Test {
    return bpf.test(bpf.JSET, bits, this.load(base, offset, width));
  }

  /** Whether the bytes stand at `offset`: compared from the last to the first, in words, then halves. */
  equalsBytes(base: Base, offset: number, bytes: readonly number[]): Test {
    let size = bytes.length;
    let whole: Test | undefined;
    while (size > 0) {
      const width: Width = size >= 4 ? 4 : size >= 2 ? 2 : 1;
      const from = size - width;
      const value = bytes.slice(from, size).reduce((sum, byte) => sum * 256 + byte, 0);
      const part = this.equals(base, offset + from, width, value);
      whole = whole === undefined ? part : bpf.both(whole, part);
      size = from;
    }
    return whole!;
  }
}
