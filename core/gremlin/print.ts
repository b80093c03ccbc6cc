/**
 * `Query` → text that parses to an equal query, and parameters as error messages show them (`[a 1 2]`).
 */
import type { Param, Query } from './ast.ts';

export function printQuery(query: Query): string {
  return ['G', ...query.steps.map((step) => (step.name === 'G' ? 'G' : call(step.name, step.params)))].join(
    '.',
  );
}

export function printParam(param: Param): string {
  switch (param.kind) {
    case 'text':
      return printText(param.value);
    case 'number':
      return printNumber(param.value, param.integer);
    case 'boolean':
      return String(param.value);
    case 'word':
      return param.word;
    case 'predicate':
      return call(param.name, param.params);
  }
}

function call(name: string, params: readonly Param[]): string {
  return `${name}(${params.map(printParam).join(', ')})`;
}

function printText(text: string): string {
  const escaped = text.replace(/[\\'\n\t\0]/g, (character) =>
    character === '\n'
      ? '\\n'
      : character === '\t'
        ? '\\t'
        : character === '\0'
          ? '\\u0000'
          : `\\${character}`,
  );
  return `'${escaped}'`;
}

/** Digits and one dot: the language has no exponents. */
function printNumber(value: number, integer: boolean): string {
  // The largest 64-bit integers read as doubles just outside their range.
  if (integer) return String(value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value));
  if (Number.isInteger(value)) return `${BigInt(value)}.`;
  const text = String(value);
  return text.includes('e') ? value.toFixed(20) : text;
}

/** A list of parameters as the reference prints it: members bare, spaces between. */
export function printList(params: readonly Param[]): string {
  return `[${params.map(printBare).join(' ')}]`;
}

/** One parameter as the reference prints it inside a list (Go's %v). */
export function printBare(param: Param): string {
  if (param.kind === 'text') return param.value;
  if (param.kind === 'number') return printGoNumber(param.value, param.integer);
  if (param.kind === 'predicate' && param.name === 'Metadata') return printMap(param.params);
  return printParam(param);
}

/** One parameter where the reference expects a text (Go's %s): numbers come out as `%!s(int64=1)`. */
export function printVerb(param: Param): string {
  if (param.kind === 'number')
    return `%!s(${param.integer ? 'int64' : 'float64'}=${printGoNumber(param.value, param.integer)})`;
  if (param.kind === 'boolean') return `%!s(bool=${param.value})`;
  return printBare(param);
}

/** Go's %v: doubles below 1e-04 and from 1e+06 on have an exponent, of two digits at least. */
function printGoNumber(value: number, integer: boolean): string {
  if (integer) return printNumber(value, true);
  const exponent = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return String(value);
  const [digits, power = ''] = value.toExponential().split('e');
  return `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

/** As Go prints a map: sorted by key; of pairs with one key the last. */
function printMap(params: readonly Param[]): string {
  const entries = new Map<string, string>();
  for (let i = 0; i + 1 < params.length; i += 2)
    entries.set(printBare(params[i]!), printBare(params[i + 1]!));
  const shown = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}:${value}`);
  return `map[${shown.join(' ')}]`;
}
