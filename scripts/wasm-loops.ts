/**
 * Puts a count into every loop of a WebAssembly module: each turn of each takes one off a number, and when that is used up
 * the imported function `ask` is called; if it gives 1 the function `pause` is, which may suspend the module, and what that gives but 0
 * ends the module by a trap. So no code of it, its own nor any that it interprets, can run on for long unasked.
 * Binary format: WebAssembly core specification, chapter 5.
 */

export interface Counted {
  /** Import by module and name; takes nothing and gives an i32. */
  readonly ask: Import;
  /** Takes two i32, which are 0, and gives an i32. Not `ask` itself: what can suspend may not be called where it must not. */
  readonly pause: Import;
  /** Turns of loops between two calls of `ask`. */
  readonly turns: number;
}

type Import = readonly [module: string, name: string];

const SECTION = { import: 2, global: 6, code: 10 } as const;
const KIND = { function: 0, global: 3 } as const;
const LOOP = 0x03;

/** Throws an Error for what it does not know, so that nothing is counted wrongly. */
export function withCountedLoops(module: Uint8Array, { ask, pause, turns }: Counted): Uint8Array {
  const sections = sectionsOf(module);
  const imports = readImports(need(sections, SECTION.import));
  const globals = need(sections, SECTION.global);
  const globalsAt = new Reader(globals);
  const globalCount = globalsAt.unsigned();
  const fuel = imports.globals + globalCount;
  const counting = [
    [0x23, ...unsigned(fuel), 0x41, 1, 0x6b, 0x24, ...unsigned(fuel)], // fuel = fuel - 1
    [0x23, ...unsigned(fuel), 0x45, 0x04, 0x40], // if fuel = 0
    [0x41, ...signed(turns), 0x24, ...unsigned(fuel)], //   fuel = turns
    [0x10, ...unsigned(imports.functionOf(ask)), 0x04, 0x40], //   if ask()
    [0x41, 0, 0x41, 0, 0x10, ...unsigned(imports.functionOf(pause))], //     pause(0, 0)
    [0x04, 0x40, 0x00, 0x0b, 0x0b, 0x0b], //     if that is not 0: trap
  ].flat();
  const out: number[][] = [Array.from(module.subarray(0, 8))];
  for (const { id, content } of sections) {
    let changed: Uint8Array | readonly number[] = content;
    if (id === SECTION.global)
      changed = [
        unsigned(globalCount + 1),
        [...globals.subarray(globalsAt.at)],
        [0x7f, 1, 0x41, ...signed(turns), 0x0b],
      ].flat();
    if (id === SECTION.code) changed = countIn(content, counting);
    out.push([id, ...unsigned(changed.length)], Array.from(changed));
  }
  return Uint8Array.from(out.flat());
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('the module ends too early');
    return byte;
  }

  /** Also passes over signed numbers, whose value nobody needs. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.unsigned();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
}

interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

function sectionsOf(module: Uint8Array): Section[] {
  const reader = new Reader(module);
  reader.at = 8;
  const sections: Section[] = [];
  while (reader.at < module.length) {
    const id = reader.byte();
    const length = reader.unsigned();
    sections.push({ id, content: module.subarray(reader.at, reader.at + length) });
    reader.at += length;
  }
  return sections;
}

function need(sections: readonly Section[], id: number): Uint8Array {
  const found = sections.find((section) => section.id === id);
  if (found === undefined) throw new Error(`the module has no section ${id}`);
  return found.content;
}

interface Imports {
  /** The index of an imported function. */
  readonly functionOf: (wanted: Import) => number;
  readonly globals: number;
}

function readImports(content: Uint8Array): Imports {
  const reader = new Reader(content);
  const functions: string[] = [];
  let globals = 0;
  for (let left = reader.unsigned(); left > 0; left--) {
    const name = `${reader.text()}.${reader.text()}`;
    const kind = reader.byte();
    if (kind === KIND.function) {
      functions.push(name);
      reader.unsigned();
    } else if (kind === KIND.global) {
      globals++;
      reader.at += 2;
    } else throw new Error(`${name}: import of kind ${kind}`);
  }
  const functionOf = (wanted: Import): number => {
    const index = functions.indexOf(wanted.join('.'));
    if (index < 0) throw new Error(`the module does not import ${wanted.join('.')}`);
    return index;
  };
  return { functionOf, globals };
}

function countIn(content: Uint8Array, counting: readonly number[]): number[] {
  const reader = new Reader(content);
  const count = reader.unsigned();
  const out: number[] = [...unsigned(count)];
  for (let left = count; left > 0; left--) {
    const length = reader.unsigned();
    const body = countInBody(content.subarray(reader.at, reader.at + length), counting);
    reader.at += length;
    out.push(...unsigned(body.length));
    for (const byte of body) out.push(byte);
  }
  return out;
}

function countInBody(body: Uint8Array, counting: readonly number[]): number[] {
  const reader = new Reader(body);
  const out: number[] = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.unsigned();
    reader.byte();
  }
  let copied = 0;
  while (reader.at < body.length) {
    const opcode = reader.byte();
    skipImmediates(reader, opcode);
    if (opcode !== LOOP) continue;
    for (const byte of body.subarray(copied, reader.at)) out.push(byte);
    out.push(...counting);
    copied = reader.at;
  }
  for (const byte of body.subarray(copied)) out.push(byte);
  return out;
}

/** Numbers behind each opcode that has any but those below; opcodes that are not listed are unknown. */
const NUMBERS: readonly (readonly [first: number, last: number, numbers: number])[] = [
  [0x00, 0x01, 0], // unreachable, nop
  [0x02, 0x04, 1], // block, loop, if
  [0x05, 0x05, 0], // else
  [0x0b, 0x0b, 0], // end
  [0x0c, 0x0d, 1], // br, br_if
  [0x0f, 0x0f, 0], // return
  [0x10, 0x10, 1], // call
  [0x11, 0x11, 2], // call_indirect
  [0x1a, 0x1b, 0], // drop, select
  [0x20, 0x26, 1], // variables, table.get, table.set
  [0x28, 0x3e, 2], // loads and stores
  [0x3f, 0x40, 1], // memory.size, memory.grow
  [0x41, 0x42, 1], // i32.const, i64.const
  [0x45, 0xc4, 0], // arithmetic
  [0xd0, 0xd0, 1], // ref.null
  [0xd1, 0xd1, 0], // ref.is_null
  [0xd2, 0xd2, 1], // ref.func
];
/** Behind the prefix 0xfc, by number. */
const NUMBERS_FC = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1] as const;

function skipImmediates(reader: Reader, opcode: number): void {
  if (opcode === 0x43) reader.at += 4;
  else if (opcode === 0x44) reader.at += 8;
  else if (opcode === 0x0e) skip(reader, reader.unsigned() + 1);
  else if (opcode === 0x1c) skip(reader, reader.unsigned());
  else if (opcode === 0xfc) {
    const sub = reader.unsigned();
    const numbers = NUMBERS_FC[sub];
    if (numbers === undefined) throw new Error(`unknown instruction fc ${sub}`);
    skip(reader, numbers);
  } else {
    const known = NUMBERS.find(([first, last]) => opcode >= first && opcode <= last);
    if (known === undefined) throw new Error(`unknown instruction ${opcode.toString(16)}`);
    skip(reader, known[2]);
  }
}

function skip(reader: Reader, numbers: number): void {
  for (let left = numbers; left > 0; left--) reader.unsigned();
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** Of a number that is not negative. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 63; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}
