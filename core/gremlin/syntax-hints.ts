/** What was expected where a query cannot be read, as sentences for people; the parser chooses. */
import { PREDICATE_NAMES, STEP_NAMES, WORDS } from './ast.ts';
import type { Token } from './lexer.ts';
import { nearestName } from './nearest.ts';

const STEP_SPELLINGS: readonly string[] = [...STEP_NAMES, 'At', 'Node'];
const PARAMETER_SPELLINGS: readonly string[] = [...PREDICATE_NAMES, ...WORDS, 'TRUE', 'FALSE'];

/** Steps and predicates of other dialects, and what to write instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  eq: 'an equal value is written alone: Has(key, value)',
  neq: 'Ne(value)',
  isnull: 'HasNot(key)',
  notnull: 'HasKey(key)',
  where: 'Or, And and Not take traversals: And(Out(…))',
  filter: 'And(Out(…))',
  union: 'Or(…), or As and Select',
  order: 'Sort(key) or Sort(DESC, key)',
  by: 'Group(key).Count()',
  groupcount: 'Group(key).Count()',
  startingwith: "Regex('text.*')",
  endingwith: "Regex('.*text')",
  containing: 'Contains(text)',
  properties: 'Values(key) or ValueMap(keys)',
  id: "Values('@ID')",
  label: "Values('Type')",
  path: 'ShortestPathTo(Metadata(key, value))',
  repeat: 'Descendants(depth), Ascendants(depth) or Neighbors(depth)',
  outcontext: 'At(time)',
};

function meant(text: string, spellings: readonly string[]): string {
  const plain = text.toLowerCase();
  const other = Object.hasOwn(ELSEWHERE, plain) ? ELSEWHERE[plain] : undefined;
  if (other !== undefined) return `; instead of ${text}: ${other}`;
  const nearest = text.length > 1 ? nearestName(text, spellings) : undefined;
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

export const hints = {
  beginning: () => 'a query begins with G, for example G.V()',
  behindStep: () => 'expected a dot and the next step, or the end of the query',
  leftParenthesis: (of: string) =>
    of === '' || !/^[A-Za-z]/.test(of) ? 'expected the name of a step' : `expected ( behind ${of}`,
  rightParenthesis: (openedAt: number) => `expected ) for the parenthesis opened at ${openedAt}`,
  step: (text: string) => `expected the name of a step${meant(text, STEP_SPELLINGS)}`,
  traversal: (text: string) =>
    `expected a traversal: steps such as Has('Type', 'veth') or Out().Has('Name', 'x')${meant(text, STEP_SPELLINGS)}`,
  number: () => 'expected a number with one decimal point at most',
  parameter: (token: Token) => {
    const expected = 'expected a text in quotes, a number, TRUE, FALSE, or a predicate such as Regex(…)';
    if (token.kind !== 'word') return expected;
    return `${expected}${meant(token.text, PARAMETER_SPELLINGS)}`;
  },
} as const;
