/**
 * What metadata values mean to queries: when one counts as an integer, and the order they sort in (Gremlin notes,
 * sections 6.2 and 14.17). The reference converts with Go's cast library; its rules are copied here.
 */
import type { Json } from '../graph/element.ts';

/**
 * The integer a value counts as: integers, doubles (truncated), booleans (1, 0), null (0), and texts that Go reads as an
 * integer with base 0 (`0x`, `0o`, `0b`, a leading 0 = octal, `_` between digits, trailing `.000` dropped).
 */
export function toInteger(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'string') return integerOfText(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null ? 0 : undefined;
}

const INTEGER_TEXT = /^([+-]?)(0[xX]_?[0-9A-Fa-f_]+|0[bB]_?[01_]+|0[oO]_?[0-7_]+|[0-9][0-9_]*)$/;

function integerOfText(text: string): number | undefined {
  // Most texts are names; their first character says that they are no numbers.
  const first = text.charCodeAt(0);
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45)) return undefined;
  const parts = INTEGER_TEXT.exec(text.replace(/\.0+$/, ''));
  if (parts === null) return undefined;
  const digits = parts[2]!;
  const bare = digits.replaceAll('_', '');
  const hasPrefix = /^0[xXbBoO]/.test(digits);
  const isOctal = !hasPrefix && bare.length > 1 && bare.startsWith('0');
  if (digits.endsWith('_') || digits.includes('__')) return undefined;
  if (isOctal && !/^[0-7]+$/.test(bare)) return undefined;
  const magnitude = Number(isOctal ? `0o${bare.slice(1)}` : bare);
  if (magnitude >= 2 ** 63) return undefined;
  return parts[1] === '-' ? 0 - magnitude : magnitude;
}

type SortKey = readonly [rank: 0, value: number] | readonly [rank: 1, value: string] | readonly [rank: 2];

/** Numbers (and what reads as one) before texts, missing last. Lists and objects sort as their JSON. */
export function sortKeyOf(value: Json | undefined): SortKey {
  if (value === undefined || value === null) return [2];
  if (typeof value === 'number') return [0, value];
  if (typeof value === 'object') return [1, JSON.stringify(value)];
  const integer = toInteger(value);
  return integer === undefined ? [1, String(value)] : [0, integer];
}

/** Missing values stay last whichever way the rest is sorted. */
export function compareSortKeys(a: SortKey, b: SortKey, descending: boolean): number {
  if (a[0] === 2 || b[0] === 2) return a[0] === b[0] ? 0 : a[0] === 2 ? 1 : -1;
  const order = a[0] !== b[0] ? a[0] - b[0] : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;
  return descending ? 0 - order : order;
}
