/**
 * Statements → closures over a Machine. The reading closures check the captured length first, in floating point,
 * so that places beyond 32 bits never wrap around. Source: the BPF machine of instructions.ts.
 */
import * as bpf from './instructions.ts';
import type { Statement } from './instructions.ts';
import type { Effect, Machine } from './machine.ts';

/** The effect of one statement. */
export function effectOf({ code, k }: Statement): Effect {
  switch (bpf.classOf(code)) {
    case bpf.LD:
      return loadA(code, k);
    case bpf.LDX:
      return loadX(code, k);
    case bpf.ST:
      return done((machine) => (machine.memory[k] = machine.a));
    case bpf.STX:
      return done((machine) => (machine.memory[k] = machine.x));
    case bpf.MISC:
      return bpf.operationOf(code) === bpf.TXA
        ? done((machine) => (machine.a = machine.x))
        : done((machine) => (machine.x = machine.a));
    default:
      return arithmetic(code, k);
  }
}

/** Wraps an effect that cannot fail. */
const done =
  (effect: (machine: Machine) => void): Effect =>
  (machine) => {
    effect(machine);
    return true;
  };

function loadA(code: number, k: number): Effect {
  const value = k | 0;
  switch (bpf.modeOf(code)) {
    case bpf.ABS:
      return loadAbsolute(bpf.sizeOf(code), k);
    case bpf.IND:
      return loadIndexed(bpf.sizeOf(code), k);
    case bpf.MEM:
      return done((machine) => (machine.a = machine.memory[k]!));
    case bpf.LEN:
      return done((machine) => (machine.a = machine.wireLength | 0));
    default:
      return done((machine) => (machine.a = value));
  }
}

function loadX(code: number, k: number): Effect {
  const value = k | 0;
  switch (bpf.modeOf(code)) {
    case bpf.MEM:
      return done((machine) => (machine.x = machine.memory[k]!));
    case bpf.MSH:
      // The length of an IPv4 header: four times the low half of its first byte.
      return (machine) => {
        if (k >= machine.length) return false;
        machine.x = (machine.data[machine.start + k]! & 0x0f) << 2;
        return true;
      };
    default:
      return done((machine) => (machine.x = value));
  }
}

function loadAbsolute(size: number, k: number): Effect {
  if (size === bpf.BYTE) {
    return (machine) => {
      if (k + 1 > machine.length) return false;
      machine.a = machine.data[machine.start + k]!;
      return true;
    };
  }
  if (size === bpf.HALF) {
    return (machine) => {
      if (k + 2 > machine.length) return false;
      machine.a = readHalf(machine.data, machine.start + k);
      return true;
    };
  }
  return (machine) => {
    if (k + 4 > machine.length) return false;
    machine.a = readWord(machine.data, machine.start + k);
    return true;
  };
}

function loadIndexed(size: number, k: number): Effect {
  if (size === bpf.BYTE) {
    return (machine) => {
      const at = (machine.x >>> 0) + k;
      if (at + 1 > machine.length) return false;
      machine.a = machine.data[machine.start + at]!;
      return true;
    };
  }
  if (size === bpf.HALF) {
    return (machine) => {
      const at = (machine.x >>> 0) + k;
      if (at + 2 > machine.length) return false;
      machine.a = readHalf(machine.data, machine.start + at);
      return true;
    };
  }
  return (machine) => {
    const at = (machine.x >>> 0) + k;
    if (at + 4 > machine.length) return false;
    machine.a = readWord(machine.data, machine.start + at);
    return true;
  };
}

const readHalf = (data: Uint8Array, at: number): number => (data[at]! << 8) | data[at + 1]!;

const readWord = (data: Uint8Array, at: number): number =>
  (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;

/** `left <operation> right` on 32 bits, or undefined for a division by zero. Shifts by more than 31 give 0. */
export function calculate(operation: number, left: number, right: number): number | undefined {
  const [a, b] = [left >>> 0, right >>> 0];
  switch (operation) {
    case bpf.ADD:
      return (left + right) | 0;
    case bpf.SUB:
      return (left - right) | 0;
    case bpf.MUL:
      return Math.imul(left, right);
    case bpf.DIV:
      return b === 0 ? undefined : Math.floor(a / b) | 0;
    case bpf.MOD:
      return b === 0 ? undefined : (a % b) | 0;
    case bpf.AND:
      return left & right;
    case bpf.OR:
      return left | right;
    case bpf.XOR:
      return left ^ right;
    case bpf.LSH:
      return b < 32 ? left << b : 0;
    case bpf.RSH:
      return b < 32 ? (a >>> b) | 0 : 0;
    default:
      return undefined;
  }
}

function arithmetic(code: number, k: number): Effect {
  const operation = bpf.operationOf(code);
  const constant = k | 0;
  if (operation === bpf.NEG) return done((machine) => (machine.a = -machine.a | 0));
  if (bpf.sourceOf(code) === bpf.X) {
    if (operation === bpf.ADD) return done((machine) => (machine.a = (machine.a + machine.x) | 0));
    return (machine) => {
      const result = calculate(operation, machine.a, machine.x);
      if (result === undefined) return false;
      machine.a = result;
      return true;
    };
  }
  if (operation === bpf.AND) return done((machine) => (machine.a &= constant));
  if (operation === bpf.ADD) return done((machine) => (machine.a = (machine.a + constant) | 0));
  return (machine) => {
    const result = calculate(operation, machine.a, constant);
    if (result === undefined) return false;
    machine.a = result;
    return true;
  };
}
