/**
 * Comparisons of arithmetic: `tcp[13] & 2 != 0`, `len > 1500`. Every partial result gets a memory word; every
 * header accessor brings the test that the header is there (`tcp[…]`: IPv4, TCP, first fragment).
 * Source: pcap-filter(7); all values are unsigned 32-bit, accessors of transport headers work on IPv4 only.
 */
import type { Arithmetic, ArithmeticOperator, BpfExpression } from './ast.ts';
import { BpfError } from './errors.ts';
import { firstFragment } from './generate-port.ts';
import { protocolKeyword } from './generate-protocol.ts';
import type { Generator, Place } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Statement, Test } from './instructions.ts';

/** A partial result: the code that computes it, the word it ends in, and what must hold for it to exist. */
interface Value {
  readonly statements: Statement[];
  readonly register: number;
  readonly guard: Test | undefined;
}

const operations: Readonly<Record<ArithmeticOperator, number>> = {
  '+': bpf.ADD,
  '-': bpf.SUB,
  '*': bpf.MUL,
  '/': bpf.DIV,
  '%': bpf.MOD,
  '&': bpf.AND,
  '|': bpf.OR,
  '^': bpf.XOR,
  '<<': bpf.LSH,
  '>>': bpf.RSH,
};

const toA = (value: Value): Statement => bpf.statement(bpf.LD | bpf.MEM, value.register);
const toX = (value: Value): Statement => bpf.statement(bpf.LDX | bpf.MEM, value.register);

const bothGuards = (first: Test | undefined, second: Test | undefined): Test | undefined =>
  first === undefined ? second : second === undefined ? first : bpf.both(first, second);

/** Throws BpfError. */
export function relation(generator: Generator, node: Extract<BpfExpression, { kind: 'relation' }>): Test {
  const left = compute(generator, node.left);
  const right = compute(generator, node.right);
  const statements = [...left.statements, ...right.statements, toX(right), toA(left)];
  const { operator } = node;
  let decision: Test;
  if (operator === '=' || operator === '!=') {
    // The difference and not A = X: the optimiser folds it into a comparison with a constant.
    statements.push(bpf.statement(bpf.ALU | bpf.SUB | bpf.X));
    decision = bpf.test(bpf.JEQ, 0, statements);
  } else {
    const greater = operator === '>' || operator === '<=' ? bpf.JGT : bpf.JGE;
    decision = bpf.test(greater | bpf.X, 0, statements);
  }
  if (operator === '!=' || operator === '<' || operator === '<=') decision = bpf.opposite(decision);
  generator.release(left.register);
  generator.release(right.register);
  const guard = bothGuards(left.guard, right.guard);
  return guard === undefined ? decision : bpf.both(guard, decision);
}

function compute(generator: Generator, node: Arithmetic): Value {
  switch (node.kind) {
    case 'number':
      return immediate(generator, bpf.statement(bpf.LD | bpf.IMM, node.value), node.offset);
    case 'length':
      return immediate(generator, bpf.statement(bpf.LD | bpf.LEN), node.offset);
    case 'negate': {
      const value = compute(generator, node.operand);
      value.statements.push(toA(value), bpf.statement(bpf.ALU | bpf.NEG));
      value.statements.push(bpf.statement(bpf.ST, value.register));
      return value;
    }
    case 'binary':
      return binary(generator, node);
    case 'load':
      return load(generator, node);
  }
}

function immediate(generator: Generator, first: Statement, offset: number): Value {
  const register = generator.allocate(offset);
  return { statements: [first, bpf.statement(bpf.ST, register)], register, guard: undefined };
}

/**
 * What cannot be computed is refused where it is plain. Like libpcap we look at the first constant of the right side,
 * whatever it is there for: `6 / ip[0]` is refused for the index.
 */
function refuseConstant(operator: ArithmeticOperator, first: Statement, offset: number): void {
  if (first.code !== (bpf.LD | bpf.IMM)) return;
  if (operator === '/' && first.k === 0) throw new BpfError('division by zero', offset);
  if (operator === '%' && first.k === 0) throw new BpfError('modulus by zero', offset);
  if ((operator === '<<' || operator === '>>') && first.k > 31) {
    throw new BpfError('shift by more than 31 bits', offset);
  }
}

function binary(generator: Generator, node: Extract<Arithmetic, { kind: 'binary' }>): Value {
  const left = compute(generator, node.left);
  const right = compute(generator, node.right);
  refuseConstant(node.operator, right.statements[0]!, node.offset);
  generator.release(left.register);
  generator.release(right.register);
  const register = generator.allocate(node.offset);
  return {
    statements: [
      ...left.statements,
      ...right.statements,
      toX(right),
      toA(left),
      bpf.statement(bpf.ALU | bpf.X | operations[node.operator]),
      bpf.statement(bpf.ST, register),
    ],
    register,
    // libpcap keeps the guard of the left side only; so do we, for the same packets to match.
    guard: left.guard,
  };
}

const networkHeaders = new Set<string>('ip arp rarp atalk decnet sca lat moprc mopdl ip6'.split(' '));
const transportHeaders = new Set<string>('sctp tcp udp icmp igmp igrp pim vrrp carp'.split(' '));
const widths = new Map([
  [1, bpf.BYTE],
  [2, bpf.HALF],
  [4, bpf.WORD],
]);

/** `header[index:size]`: code that leaves the field in a memory word. Throws BpfError. */
function load(generator: Generator, node: Extract<Arithmetic, { kind: 'load' }>): Value {
  const { protocol, offset } = node;
  const index = compute(generator, node.index);
  const register = generator.allocate(offset);
  generator.release(index.register);
  const width = widths.get(node.size);
  if (width === undefined) throw new BpfError('data size must be 1, 2, or 4', offset);
  const { statements } = index;
  const read = (constant: number): Statement => bpf.statement(bpf.LD | bpf.IND | width, constant);
  let { guard } = index;
  if (protocol === 'link') {
    statements.push(...indexed(generator, generator.linkHeader, index), read(generator.linkHeader.constant));
  } else if (networkHeaders.has(protocol)) {
    statements.push(...indexed(generator, generator.linkPayload, index));
    statements.push(read(generator.linkPayload.constant + generator.network));
    guard = bothGuards(guard, protocolKeyword(generator, protocol, offset));
  } else if (transportHeaders.has(protocol)) {
    statements.push(...generator.loadIpHeaderLength(), ...addToX(index));
    statements.push(read(generator.linkPayload.constant + generator.network));
    const carried = bpf.both(protocolKeyword(generator, protocol, offset), firstFragment(generator));
    guard = bpf.both(protocolKeyword(generator, 'ip', offset), bothGuards(guard, carried)!);
  } else if (protocol === 'icmp6') {
    const over6 = bothGuards(guard, protocolKeyword(generator, 'ip6', offset));
    guard = bothGuards(over6, generator.equals('network', 6, 1, 58));
    statements.push(...indexed(generator, generator.linkPayload, index));
    statements.push(read(generator.linkPayload.constant + generator.network + 40));
  } else {
    const reason =
      protocol === 'radio' ? 'radio information not present in capture' : 'unsupported index operation';
    throw new BpfError(reason, offset);
  }
  statements.push(bpf.statement(bpf.ST, register));
  return { statements, register, guard };
}

/** X = index + what X holds. */
const addToX = (index: Value): Statement[] => [
  toA(index),
  bpf.statement(bpf.ALU | bpf.ADD | bpf.X),
  bpf.statement(bpf.MISC | bpf.TAX),
];

/** X = index + the variable part of the place. */
function indexed(generator: Generator, place: Place, index: Value): Statement[] {
  const variable = generator.loadVariablePart(place);
  return variable.length === 0 ? [toX(index)] : [...variable, ...addToX(index)];
}
