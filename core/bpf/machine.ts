/**
 * What a filter works on while it runs: one packet, two registers, memory. One machine per compiled filter, reused
 * for every packet. Registers are kept as signed 32-bit integers (no heap numbers); comparisons use `>>> 0`.
 */
import { memoryWords } from './instructions.ts';

export class Machine {
  data: Uint8Array = new Uint8Array(0);
  /** Where the packet begins in `data`, and how many of its bytes were captured. */
  start = 0;
  length = 0;
  /** Bytes on the wire. */
  wireLength = 0;
  a = 0;
  x = 0;
  /** Steps of a loop that remain before the packet is given up. */
  loops = 0;
  readonly memory = new Int32Array(memoryWords);
}

/** A part of a running filter: the verdict, or the part to go on with. */
export type Step = (machine: Machine) => boolean | Step;

/** One statement; false ends the filter without a match (a load past the captured bytes, division by zero). */
export type Effect = (machine: Machine) => boolean;
