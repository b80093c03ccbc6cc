/**
 * Value numbering: equal numbers mean surely equal contents, whatever they are; some are known constants.
 * Statements that compute what is already there, or a constant, are simplified on the way.
 * Source: J. Cocke, J. Schwartz, "Programming Languages and Their Compilers" (1970); which cases are simplified is
 * libpcap's choice.
 */
import { calculate } from './effects.ts';
import { BpfError } from './errors.ts';
import * as bpf from './instructions.ts';
import type { Statement } from './instructions.ts';

/** Nothing is known about the contents. */
const unknown = 0;
const loadConstant = bpf.LD | bpf.IMM;

export class ValueNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #constants = new Map<number, number>();
  #last = unknown;
  /** Something was simplified (and not merely moved) since this was reset. */
  changed = false;

  /** Forgets all numbers, not `changed`. */
  clear(): void {
    this.#numbers.clear();
    this.#constants.clear();
    this.#last = unknown;
  }

  /** The number of what `code` computes from two operands (constants or numbers). */
  of(code: number, first: number, second: number): number {
    const key = `${code},${first},${second}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, ++this.#last);
    return this.#last;
  }

  ofConstant(value: number): number {
    const number = this.of(loadConstant, value, 0);
    this.#constants.set(number, value);
    return number;
  }

  /** The constant behind a number, if it is one. */
  constantOf(number: number): number | undefined {
    return this.#constants.get(number);
  }

  /**
   * Carries the numbers over one statement. With `alter` the statement is simplified where that is possible.
   * Throws BpfError for a division by a constant 0 or a shift by more than 31.
   */
  follow(statement: Statement, values: Int32Array, alter: boolean): void {
    const { code, k } = statement;
    if (code === bpf.NOP) return;
    switch (bpf.classOf(code)) {
      case bpf.LD:
        this.#followLoad(statement, values, bpf.atomA, alter);
        return;
      case bpf.LDX:
        this.#followLoad(statement, values, bpf.atomX, alter);
        return;
      case bpf.ST:
        this.#keep(statement, values, k, values[bpf.atomA]!, alter);
        return;
      case bpf.STX:
        this.#keep(statement, values, k, values[bpf.atomX]!, alter);
        return;
      case bpf.ALU:
        if (bpf.operationOf(code) === bpf.NEG) this.#followNegation(statement, values, alter);
        else if (bpf.sourceOf(code) === bpf.X) this.#followWithX(statement, values, alter);
        else this.#followWithConstant(statement, values, alter);
        return;
      case bpf.MISC:
        if (bpf.operationOf(code) === bpf.TXA) {
          this.#keep(statement, values, bpf.atomA, values[bpf.atomX]!, alter);
        } else {
          this.#keep(statement, values, bpf.atomX, values[bpf.atomA]!, alter);
        }
    }
  }

  /** The atom holds `number` now; a statement that changes nothing is dropped. */
  #keep(statement: Statement, values: Int32Array, atom: number, number: number, alter: boolean): void {
    if (alter && number !== unknown && values[atom] === number) statement.code = bpf.NOP;
    else values[atom] = number;
  }

  #followLoad(statement: Statement, values: Int32Array, atom: number, alter: boolean): void {
    const { code, k } = statement;
    let number: number;
    switch (bpf.modeOf(code)) {
      case bpf.IMM:
        number = this.ofConstant(k);
        break;
      case bpf.MEM: {
        number = values[k]!;
        const value = this.constantOf(number);
        if (alter && value !== undefined) this.#replace(statement, bpf.classOf(code) | bpf.IMM, value);
        break;
      }
      case bpf.IND: {
        const index = values[bpf.atomX]!;
        const value = this.constantOf(index);
        if (alter && value !== undefined) {
          this.#replace(statement, bpf.LD | bpf.ABS | bpf.sizeOf(code), k + value);
          number = this.of(statement.code, statement.k, 0);
        } else {
          number = this.of(code, k, index);
        }
        break;
      }
      case bpf.LEN:
        number = this.of(code, 0, 0);
        break;
      default:
        number = this.of(code, k, 0);
    }
    this.#keep(statement, values, atom, number, alter);
  }

  #replace(statement: Statement, code: number, k: number): void {
    statement.code = code;
    statement.k = k >>> 0;
    this.changed = true;
  }

  #followNegation(statement: Statement, values: Int32Array, alter: boolean): void {
    const operand = values[bpf.atomA]!;
    const value = this.constantOf(operand);
    if (alter && value !== undefined) {
      statement.code = loadConstant;
      statement.k = -value >>> 0;
      values[bpf.atomA] = this.ofConstant(statement.k);
    } else {
      values[bpf.atomA] = this.of(statement.code, operand, 0);
    }
  }

  /** A = A op k. */
  #followWithConstant(statement: Statement, values: Int32Array, alter: boolean): void {
    const { code, k } = statement;
    const operation = bpf.operationOf(code);
    const operand = values[bpf.atomA]!;
    if (alter) {
      if (k === 0) {
        if ([bpf.ADD, bpf.LSH, bpf.RSH, bpf.OR, bpf.XOR].includes(operation)) {
          statement.code = bpf.NOP;
          return;
        }
        if (operation === bpf.MUL || operation === bpf.AND) {
          statement.code = loadConstant;
          values[bpf.atomA] = this.ofConstant(0);
          return;
        }
        refuseZero(operation);
      }
      const value = this.constantOf(operand);
      if (value !== undefined) {
        this.#fold(statement, value, k);
        values[bpf.atomA] = this.ofConstant(statement.k);
        return;
      }
    }
    values[bpf.atomA] = this.of(code, operand, this.ofConstant(k));
  }

  /** A = A op X. */
  #followWithX(statement: Statement, values: Int32Array, alter: boolean): void {
    const operation = bpf.operationOf(statement.code);
    const [left, right] = [values[bpf.atomA]!, values[bpf.atomX]!];
    const [constantLeft, constantRight] = [this.constantOf(left), this.constantOf(right)];
    if (alter && constantRight !== undefined) {
      if (constantLeft !== undefined) {
        this.#fold(statement, constantLeft, constantRight);
        values[bpf.atomA] = this.ofConstant(statement.k);
        return;
      }
      this.#replace(statement, bpf.ALU | bpf.K | operation, constantRight);
      if ((operation === bpf.LSH || operation === bpf.RSH) && constantRight > 31) {
        throw new BpfError('shift by more than 31 bits', 0);
      }
      values[bpf.atomA] = this.of(statement.code, left, this.ofConstant(statement.k));
      return;
    }
    if (alter && constantLeft === 0) {
      if (operation === bpf.ADD || operation === bpf.OR || operation === bpf.XOR) {
        statement.code = bpf.MISC | bpf.TXA;
        this.#keep(statement, values, bpf.atomA, right, alter);
        return;
      }
      if (operation !== bpf.SUB) {
        // 0 times, divided by, shifted by … anything: the division by a zero X is forgotten, as in libpcap.
        statement.code = loadConstant;
        statement.k = 0;
        this.#keep(statement, values, bpf.atomA, this.ofConstant(0), alter);
        return;
      }
    }
    values[bpf.atomA] = this.of(statement.code, left, right);
  }

  #fold(statement: Statement, left: number, right: number): void {
    const operation = bpf.operationOf(statement.code);
    if (right === 0) refuseZero(operation);
    this.#replace(statement, loadConstant, calculate(operation, left | 0, right | 0)!);
  }
}

function refuseZero(operation: number): void {
  if (operation === bpf.DIV) throw new BpfError('division by zero', 0);
  if (operation === bpf.MOD) throw new BpfError('modulus by zero', 0);
}
