/**
 * Simplifications inside one node: values known from before it, short sequences with a shorter equivalent, stores
 * nobody reads, decisions whose outcome is known.
 * Source: W. McKeeman, "Peephole Optimization" (1965); the sequences are those libpcap's generator (and ours) makes.
 */
import { reads, writes } from './flow-graph.ts';
import type { Node } from './flow-graph.ts';
import * as bpf from './instructions.ts';
import type { Statement } from './instructions.ts';
import type { ValueNumbers } from './value-numbers.ts';

const bitA = 1 << bpf.atomA;
const bitX = 1 << bpf.atomX;

/** Brings the values of a node up to date and, with `alter`, simplifies its statements. Throws BpfError. */
export function simplifyNode(node: Node, numbers: ValueNumbers, alter: boolean): void {
  const { values } = node;
  mergeIncoming(node);
  const [a, x] = [values[bpf.atomA]!, values[bpf.atomX]!];
  for (const statement of node.statements) numbers.follow(statement, values, alter);
  // Nothing needed afterwards and both registers as before: the statements were for nothing.
  const isIdle =
    node.neededAfter === 0 && a !== 0 && values[bpf.atomA] === a && x !== 0 && values[bpf.atomX] === x;
  if (alter && (isIdle || node.isReturn)) {
    if (node.statements.length > 0) {
      node.statements = [];
      numbers.changed = true;
    }
  } else {
    simplifySequences(node, numbers);
    dropDeadStores(node, numbers);
  }
  node.operand = bpf.sourceOf(node.code) === bpf.K ? numbers.ofConstant(node.k) : values[bpf.atomX]!;
  node.whenTrue.code = node.code;
  node.whenFalse.code = -node.code;
}

/** What all predecessors agree on. */
function mergeIncoming(node: Node): void {
  const { values, firstInto } = node;
  if (firstInto === undefined) {
    values.fill(0);
    return;
  }
  values.set(firstInto.from.values);
  for (let edge = firstInto.nextInto; edge !== undefined; edge = edge.nextInto) {
    const other = edge.from.values;
    for (let atom = 0; atom < bpf.atomCount; atom++) {
      if (values[atom] !== other[atom]) values[atom] = 0;
    }
  }
}

/** The index of the first statement from `from` on that is still there, or the length. */
function nextAt(statements: readonly Statement[], from: number): number {
  let index = from;
  while (index < statements.length && statements[index]!.code === bpf.NOP) index++;
  return index;
}

function simplifySequences(node: Node, numbers: ValueNumbers): void {
  const { statements } = node;
  if (statements.length === 0) return;
  let last = statements[0]!;
  let index = nextAt(statements, 0);
  for (;;) {
    const following = nextAt(statements, index + 1);
    if (following >= statements.length) break;
    last = statements[following]!;
    simplifyPair(statements, index, following, node, numbers);
    // The second of the pair may be gone by now.
    index = nextAt(statements, following);
  }
  simplifyDecision(node, last, numbers);
  decideKnown(node, numbers);
}

function simplifyPair(
  statements: readonly Statement[],
  index: number,
  following: number,
  node: Node,
  numbers: ValueNumbers,
): void {
  const first = statements[index]!;
  const second = statements[following]!;
  const noted = (): void => {
    numbers.changed = true;
  };
  // Store to memory and load the same word to X: move A to X.
  if (first.code === bpf.ST && second.code === (bpf.LDX | bpf.MEM) && first.k === second.k) {
    second.code = bpf.MISC | bpf.TAX;
    noted();
  }
  // Constant to A and then to X: constant to X and then to A.
  if (first.code === (bpf.LD | bpf.IMM) && second.code === (bpf.MISC | bpf.TAX)) {
    first.code = bpf.LDX | bpf.IMM;
    second.code = bpf.MISC | bpf.TXA;
    noted();
  }
  if (first.code !== (bpf.LD | bpf.IMM) || (node.neededAfter & bitX) !== 0) return;
  // Constant, perhaps the IP header length to X, add X, move to X, indexed load: add the constant to the load's own.
  const isHeaderLength = second.code === (bpf.LDX | bpf.MSH | bpf.BYTE);
  const addAt = isHeaderLength ? nextAt(statements, following + 1) : following;
  const add = statements[addAt];
  if (add?.code !== (bpf.ALU | bpf.ADD | bpf.X)) return;
  const moveAt = nextAt(statements, addAt + 1);
  const move = statements[moveAt];
  if (move?.code !== (bpf.MISC | bpf.TAX)) return;
  const load = statements[nextAt(statements, moveAt + 1)];
  if (load === undefined || bpf.classOf(load.code) !== bpf.LD || bpf.modeOf(load.code) !== bpf.IND) return;
  load.k = (load.k + first.k) >>> 0;
  first.code = bpf.NOP;
  add.code = bpf.NOP;
  move.code = bpf.NOP;
  noted();
}

const jumpEqual = bpf.JMP | bpf.JEQ | bpf.K;
const jumpBits = bpf.JMP | bpf.JSET | bpf.K;

/** Takes the last operation of a node into its comparison. */
function simplifyDecision(node: Node, last: Statement, numbers: ValueNumbers): void {
  if (node.code === jumpEqual && (node.neededAfter & bitA) === 0) {
    const known = numbers.constantOf(node.values[bpf.atomX]!);
    if (last.code === (bpf.ALU | bpf.SUB | bpf.X) && known !== undefined) {
      // A - X = k with a known X: A = k + X.
      dropInto(node, last, node.code, node.k + known, numbers);
    } else if (last.code === (bpf.ALU | bpf.SUB | bpf.X) && node.k === 0) {
      dropInto(node, last, bpf.JMP | bpf.JEQ | bpf.X, 0, numbers);
    } else if (last.code === (bpf.ALU | bpf.SUB | bpf.K)) {
      dropInto(node, last, node.code, node.k + last.k, numbers);
    } else if (last.code === (bpf.ALU | bpf.AND | bpf.K) && node.k === 0) {
      // (A & mask) = 0: no bit of the mask is set.
      dropInto(node, last, jumpBits, last.k, numbers);
      const held = node.whenTrue.to;
      node.whenTrue.to = node.whenFalse.to;
      node.whenFalse.to = held;
    }
  }
  if (node.code === jumpBits) {
    if (node.k === 0) node.whenTrue.to = node.whenFalse.to;
    if (node.k === 0xffffffff) node.whenFalse.to = node.whenTrue.to;
  }
}

function dropInto(node: Node, last: Statement, code: number, k: number, numbers: ValueNumbers): void {
  last.code = bpf.NOP;
  node.code = code;
  node.k = k >>> 0;
  numbers.changed = true;
}

/** Compares with a constant instead of X, and goes one way only where A is a constant too. */
function decideKnown(node: Node, numbers: ValueNumbers): void {
  const { values, whenTrue, whenFalse } = node;
  const x = numbers.constantOf(values[bpf.atomX]!);
  if (x !== undefined && bpf.sourceOf(node.code) === bpf.X) {
    node.code &= ~bpf.X;
    node.k = x;
  }
  const a = numbers.constantOf(values[bpf.atomA]!);
  if (a === undefined || bpf.sourceOf(node.code) !== bpf.K || node.isReturn) return;
  if (whenTrue.to !== whenFalse.to) numbers.changed = true;
  if (holds(bpf.operationOf(node.code), a, node.k)) whenFalse.to = whenTrue.to;
  else whenTrue.to = whenFalse.to;
}

function holds(operation: number, a: number, k: number): boolean {
  if (operation === bpf.JEQ) return a === k;
  if (operation === bpf.JGT) return a > k;
  if (operation === bpf.JGE) return a >= k;
  return (a & k) !== 0;
}

/** Drops statements whose result is overwritten before it is read, or never read. */
function dropDeadStores(node: Node, numbers: ValueNumbers): void {
  const pending: (Statement | undefined)[] = Array.from({ length: bpf.atomCount }, () => undefined);
  const settle = (code: number, k: number): void => {
    const read = reads(code, k);
    for (let atom = 0; atom < bpf.atomCount; atom++) {
      if ((read & (1 << atom)) !== 0) pending[atom] = undefined;
    }
  };
  const drop = (statement: Statement): void => {
    statement.code = bpf.NOP;
    numbers.changed = true;
  };
  for (const statement of node.statements) {
    settle(statement.code, statement.k);
    const atom = writes(statement.code, statement.k);
    if (atom < 0) continue;
    const previous = pending[atom];
    if (previous !== undefined) drop(previous);
    pending[atom] = statement;
  }
  settle(node.code, node.k);
  for (const [atom, statement] of pending.entries()) {
    if (statement !== undefined && (node.neededAfter & (1 << atom)) === 0) drop(statement);
  }
}
