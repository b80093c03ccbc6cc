/**
 * The classic BPF machine: opcodes, statements, and the graph of blocks a filter is while it is being built.
 * Two registers (A, X), 16 memory words, all 32-bit unsigned; a load past the captured bytes ends the filter
 * with "no match". Source: S. McCanne, V. Jacobson, "The BSD Packet Filter" (USENIX 1993); opcode numbers as in
 * every BPF implementation (linux/bpf_common.h), so that a listing can be compared with `tcpdump -d`.
 */

/** Instruction classes (`code & 7`). */
export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const RET = 0x06;
export const MISC = 0x07;

/** Load widths (`code & 0x18`) and modes (`code & 0xe0`). */
export const WORD = 0x00;
export const HALF = 0x08;
export const BYTE = 0x10;
export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const LEN = 0x80;
export const MSH = 0xa0;

/** Operations of ALU and JMP (`code & 0xf0`) and where their second operand is (`code & 8`). */
export const ADD = 0x00;
export const SUB = 0x10;
export const MUL = 0x20;
export const DIV = 0x30;
export const OR = 0x40;
export const AND = 0x50;
export const LSH = 0x60;
export const RSH = 0x70;
export const NEG = 0x80;
export const MOD = 0x90;
export const XOR = 0xa0;
export const JA = 0x00;
export const JEQ = 0x10;
export const JGT = 0x20;
export const JGE = 0x30;
export const JSET = 0x40;
export const K = 0x00;
export const X = 0x08;

export const TAX = 0x00;
export const TXA = 0x80;

/** A statement that was optimised away. */
export const NOP = -1;

export const classOf = (code: number): number => code & 0x07;
export const modeOf = (code: number): number => code & 0xe0;
export const sizeOf = (code: number): number => code & 0x18;
export const operationOf = (code: number): number => code & 0xf0;
export const sourceOf = (code: number): number => code & 0x08;

/** Memory words, then A and X: the places whose contents the optimiser follows. */
export const memoryWords = 16;
export const atomA = 16;
export const atomX = 17;
export const atomCount = 18;

/** One instruction that does not jump. */
export interface Statement {
  code: number;
  k: number;
}

export const statement = (code: number, k = 0): Statement => ({ code, k: k >>> 0 });

/**
 * Straight statements with one decision at their end. `code` is JMP|… (JMP|JA: both ways are the same) or RET|K.
 * A returning block has no successors. Only `protochain` makes graphs with loops.
 */
export class Block {
  statements: Statement[];
  code: number;
  k: number;
  jt: Block | undefined;
  jf: Block | undefined;
  /** Numbered by whoever walks the graph. */
  id = -1;

  constructor(code: number, k: number, statements: Statement[]) {
    this.code = code;
    this.k = k >>> 0;
    this.statements = statements;
  }
}

/** One open way out of a test. */
interface Exit {
  readonly block: Block;
  readonly side: 'jt' | 'jf';
}

/** A test under construction: where it begins, and its ways out that still lead nowhere. */
export interface Test {
  head: Block;
  whenTrue: Exit[];
  whenFalse: Exit[];
}

/** A test of one block: after `statements`, compare A with `k` (or X). */
export function test(jump: number, k: number, statements: Statement[]): Test {
  const head = new Block(JMP | jump, k, statements);
  return { head, whenTrue: [{ block: head, side: 'jt' }], whenFalse: [{ block: head, side: 'jf' }] };
}

/** Statements without a decision: the test holds once they ran. */
export function always(statements: Statement[]): Test {
  const head = new Block(JMP | JA, 0, statements);
  const whenTrue: Exit[] = [
    { block: head, side: 'jt' },
    { block: head, side: 'jf' },
  ];
  return { head, whenTrue, whenFalse: [] };
}

/** Leads every exit of the list to `target`. */
export function connect(exits: readonly Exit[], target: Block): void {
  for (const { block, side } of exits) block[side] = target;
}

/** Appends the shorter list to the longer one: long chains stay linear in time. */
function join(left: Exit[], right: Exit[]): Exit[] {
  const [long, short] = left.length < right.length ? [right, left] : [left, right];
  for (const exit of short) long.push(exit);
  return long;
}

/** `first`, then `second` where it holds. Both operands are used up. */
export function both(first: Test, second: Test): Test {
  connect(first.whenTrue, second.head);
  return {
    head: first.head,
    whenTrue: second.whenTrue,
    whenFalse: join(first.whenFalse, second.whenFalse),
  };
}

/** `first`, then `second` where it does not hold. Both operands are used up. */
export function either(first: Test, second: Test): Test {
  connect(first.whenFalse, second.head);
  return {
    head: first.head,
    whenTrue: join(first.whenTrue, second.whenTrue),
    whenFalse: second.whenFalse,
  };
}

/** The opposite of a test, which is used up. */
export function opposite(of: Test): Test {
  return { head: of.head, whenTrue: of.whenFalse, whenFalse: of.whenTrue };
}

/** Holds always, or never. */
export const constant = (value: boolean): Test => test(JEQ, 0, [statement(LD | IMM, value ? 0 : 1)]);
