/**
 * What may be written at a place of a query: names of the steps that what stands before it takes, or keys where a step wants one. For
 * whoever writes; nothing here decides what a query means.
 */
import { flowFieldNames } from '../flow/fields.ts';
import { kindAfter, stepsAfter } from './accepts.ts';
import { STEP_NAMES } from './ast.ts';
import { parseQuery } from './parser.ts';
import type { ValueKind } from './state.ts';

export interface Completion {
  /** The part of the query that a word replaces (UTF-16 units). */
  readonly from: number;
  readonly to: number;
  /** In the order of the alphabet; none of them stands there already. */
  readonly words: readonly string[];
}

const STEP = /\.(\w*)$/;
/** The first parameter of a step that wants a key, not closed yet. */
const KEY =
  /\.(Has|HasKey|HasNot|HasEither|Values|Dedup|Group|Sum|Sort)\(\s*(?:(?:ASC|DESC)\s*,\s*)?(['"])([\w.]*)$/;

/** `nodeKeys`: of the metadata that nodes have. Undefined where nothing can be offered. */
export function completionAt(
  text: string,
  offset: number,
  nodeKeys: readonly string[],
): Completion | undefined {
  const before = text.slice(0, offset);
  const key = KEY.exec(before);
  if (key !== null) {
    const [whole, , , begun = ''] = key;
    const kind = kindOf(before.slice(0, before.length - whole.length));
    return completion(text, offset, begun, kind === 'flows' ? flowFieldNames : nodeKeys, /^[\w.]*/);
  }
  if (isInText(before)) return undefined;
  const [whole, begun = ''] = STEP.exec(before) ?? [];
  if (whole === undefined) return undefined;
  const kind = kindOf(before.slice(0, before.length - whole.length));
  return completion(text, offset, begun, spellings(kind), /^\w*/);
}

/** `At` is how most write `Context`. */
function spellings(kind: ValueKind | undefined): readonly string[] {
  const names: readonly string[] = kind === undefined ? STEP_NAMES : stepsAfter(kind);
  return names.includes('Context') ? ['At', ...names] : names;
}

function completion(
  text: string,
  offset: number,
  begun: string,
  known: readonly string[],
  rest: RegExp,
): Completion | undefined {
  const [after = ''] = rest.exec(text.slice(offset)) ?? [];
  const there = begun + after;
  const fits = known.filter((word) => word.toLowerCase().startsWith(begun.toLowerCase()) && word !== there);
  if (fits.length === 0) return undefined;
  return {
    from: offset - begun.length,
    to: offset + after.length,
    words: [...new Set(fits)].sort((a, b) => (a < b ? -1 : 1)),
  };
}

/** What the text yields; undefined for one that is no query, such as the beginning of a nested one. */
function kindOf(text: string): ValueKind | undefined {
  try {
    return parseQuery(text).steps.reduce<ValueKind>(kindAfter, 'graph');
  } catch {
    return undefined;
  }
}

/** Whether a quote is open. */
function isInText(before: string): boolean {
  let open = '';
  for (let at = 0; at < before.length; at++) {
    const character = before[at]!;
    if (open !== '' && character === '\\') at++;
    else if (open === '' ? character === "'" || character === '"' : character === open)
      open = open === '' ? character : '';
  }
  return open !== '';
}
