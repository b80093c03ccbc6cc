/**
 * `Query` → text that parses to an equal query, and parameters as error messages show them (`[a 1 2]`).
 */
import type { Json } from '../graph/element.ts';
import type { Param, Query, Step } from './ast.ts';

export function printQuery(query: Query): string {
  return ['G', ...query.steps.map(printStep)].join('.');
}

export function printStep(step: Step): string {
  return step.name === 'G' ? 'G' : call(step.name, step.params);
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
    case 'traversal':
      return param.steps.map(printStep).join('.');
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

/** One parameter where the reference expects a text (Go's %s): numbers come out as `%!s(int64=1)`, predicates in `&{}`. */
export function printVerb(param: Param): string {
  if (param.kind === 'word' && (param.word === 'NOW' || param.word === 'FOREVER')) return '&{}';
  if (param.kind === 'predicate' && param.name !== 'Metadata') {
    const members = param.params.map(printVerb).join(' ');
    return param.name === 'Within' || param.name === 'Without' ? `&{[${members}]}` : `&{${members}}`;
  }
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

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A text as Go's %q prints it: what cannot be printed is escaped, everything else stands as it is. */
export function quoteGo(text: string): string {
  const escaped = text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]/gu, (character) => {
    const known = GO_ESCAPES[character];
    if (known !== undefined) return known;
    const point = character.codePointAt(0)!;
    const hex = point.toString(16);
    if (point < 0x80) return `\\x${hex.padStart(2, '0')}`;
    return point < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `"${escaped}"`;
}

/** A value as Go's %#v prints it, and the name of its type (Go's %T). */
export function printGoSyntax(value: Json): { readonly text: string; readonly type: string } {
  if (value === null) return { text: 'interface {}(nil)', type: '<nil>' };
  if (typeof value === 'string') return { text: quoteGo(value), type: 'string' };
  if (typeof value === 'boolean') return { text: String(value), type: 'bool' };
  if (typeof value === 'number') {
    const integer = Number.isInteger(value);
    return { text: printGoNumber(value, integer), type: integer ? 'int64' : 'float64' };
  }
  if (Array.isArray(value)) {
    const members = (value as readonly Json[]).map((member) => printGoSyntax(member).text);
    return { text: `[]interface {}{${members.join(', ')}}`, type: '[]interface {}' };
  }
  const entries = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => `${quoteGo(name)}:${printGoSyntax(inner).text}`);
  return { text: `map[string]interface {}{${entries.join(', ')}}`, type: 'map[string]interface {}' };
}
