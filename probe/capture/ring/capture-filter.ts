/**
 * How the filter of a capture is divided between the kernel and us. The kernel runs all of it where it can; what a VLAN
 * tag changes, and what libpcap could not compile for the kernel, is decided here on whole packets.
 */
import { compileBpf } from '../../../core/bpf/bpf.ts';
import { messageOf } from '../../../core/errors.ts';
import { CaptureError, type CaptureSpec } from '../capture-source.ts';
import { combineFilters } from '../own-traffic.ts';
import { compileFilter, keepAll, type FilterProgram } from './kernel-filter.ts';
import { isTagSensitive } from './tag-sensitive.ts';

export interface CaptureFilter {
  /** For the kernel, on packets without their outer tag; cuts them, too. */
  readonly program: FilterProgram;
  /** For us, on packets with it; undefined = the kernel decides all. */
  readonly matches:
    | ((packet: Uint8Array, offset: number, capturedLength: number, wireLength: number) => boolean)
    | undefined;
}

/** A filter may read any byte of a packet. */
const WHOLE_PACKET_BYTES = 65_535;

/** Throws CaptureError when the filter is wrong, LinuxError `KOFFI`. */
export function captureFilterOf(spec: CaptureSpec, linkType: number): CaptureFilter {
  const { userFilter, exclusion, headerBytes } = spec;
  const whole = combineFilters(userFilter, exclusion);
  if (!isTagSensitive(userFilter, linkType)) {
    const program = compileFilter(whole, linkType, headerBytes);
    if (program !== undefined) return { program, matches: undefined };
  }
  const program = compileFilter(exclusion, linkType, WHOLE_PACKET_BYTES);
  // Without libpcap the kernel lets all pass.
  if (program === undefined)
    return { program: keepAll(WHOLE_PACKET_BYTES), matches: predicateOf(whole, linkType) };
  return { program, matches: predicateOf(userFilter, linkType) };
}

function predicateOf(text: string, linkType: number): NonNullable<CaptureFilter['matches']> {
  try {
    return compileBpf(text, linkType);
  } catch (error) {
    throw new CaptureError(`Not a valid BPF expression: ${messageOf(error)}`, { cause: error });
  }
}
