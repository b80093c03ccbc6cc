/**
 * How request bodies are read: the first JSON value of a text, and its members by a table of kinds. The reference reads
 * bodies so (REST section 1 of the reference notes): member names are case-sensitive, unknown members are ignored,
 * the last of a repeated member wins, `null` leaves the default.
 */
import { messageOf } from '../errors.ts';

/** A body that is not what it should be; `message` is the answer's text. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Index after the value that begins at `start`, or -1 when the text ends inside it. */
function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first !== '{' && first !== '[' && first !== '"') {
    const word = /[^\s,:{}[\]"]*/y;
    word.lastIndex = start;
    // At least one character, so that a stray `}` is handed to the parser and refused there.
    return start + Math.max(1, word.exec(text)?.[0].length ?? 0);
  }
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (!inString && depth === 0) return i + 1;
  }
  return -1;
}

/**
 * The first JSON value of a text and whether anything but white space follows it.
 * Throws InputError: `EOF` for nothing at all, `unexpected EOF` for a text that ends too early, else the parser's words.
 */
export function firstJsonValue(text: string): { readonly value: unknown; readonly more: boolean } {
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) throw new InputError('EOF');
  const end = endOfValue(text, start);
  if (end < 0) throw new InputError('unexpected EOF');
  try {
    return { value: JSON.parse(text.slice(start, end)), more: /[^ \t\r\n]/.test(text.slice(end)) };
  } catch (error) {
    throw new InputError(`invalid JSON: ${messageOf(error)}`);
  }
}

/** `int` has 64 bits in the reference; here what a number holds exactly (53 bits). */
export type MemberKind = 'string' | 'bool' | NumberKind;
type NumberKind = 'int' | 'uint8' | 'uint16' | 'uint32' | 'uint64';
interface MemberTypes extends Readonly<Record<NumberKind, number>> {
  string: string;
  bool: boolean;
}

/** The largest of each kind; of signed ones also the smallest, negated. */
const NUMBER_MAX: Readonly<Record<NumberKind, number>> = {
  int: Number.MAX_SAFE_INTEGER,
  uint8: 0xff,
  uint16: 0xffff,
  uint32: 0xffff_ffff,
  uint64: Number.MAX_SAFE_INTEGER,
};
/** Values of members by a table of kinds; absent and `null` members are not there. */
export type MembersOf<T extends Readonly<Record<string, MemberKind>>> = {
  [K in keyof T]?: MemberTypes[T[K]];
};

function isNumberKind(kind: MemberKind): kind is NumberKind {
  return kind in NUMBER_MAX;
}

function checkNumber(name: string, kind: NumberKind, value: number): void {
  const signed = kind === 'int';
  const call = signed ? 'strconv.ParseInt' : 'strconv.ParseUint';
  if (!Number.isInteger(value) || (!signed && value < 0))
    throw new InputError(`parse error: ${call}: parsing "${value}": invalid syntax in member ${name}`);
  if (Math.abs(value) > NUMBER_MAX[kind])
    throw new InputError(`parse error: ${call}: parsing "${value}": value out of range in member ${name}`);
}

/**
 * The members of an object that the table names. Throws InputError: `unsupported type` for `null`, `parse error: …`
 * for anything else that is not an object and for a member of the wrong kind.
 */
export function decodeMembers<const T extends Readonly<Record<string, MemberKind>>>(
  input: unknown,
  kinds: T,
): MembersOf<T> {
  if (input === null || input === undefined) throw new InputError('unsupported type');
  if (typeof input !== 'object' || Array.isArray(input)) throw new InputError('parse error: expected {');
  const found: Record<string, string | number | boolean> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const value: unknown = Object.hasOwn(input, name)
      ? (input as Readonly<Record<string, unknown>>)[name]
      : undefined;
    if (value === null || value === undefined) continue;
    const wanted = isNumberKind(kind) ? 'number' : kind === 'bool' ? 'boolean' : 'string';
    if (typeof value !== wanted)
      throw new InputError(`parse error: expected ${kind === 'bool' ? 'bool' : wanted} for member ${name}`);
    if (isNumberKind(kind)) checkNumber(name, kind, value as number);
    found[name] = value as string | number | boolean;
  }
  return found as MembersOf<T>;
}
