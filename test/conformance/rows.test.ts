/**
 * Every row of the case tables of the reference notes (REST section 17, WebSocket section 16) is named by a test that shows it. What a
 * row says is with the test; this only keeps any from being forgotten.
 */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** R1 … R80, W1 … W60. */
const TABLES = { R: 80, W: 60 } as const;

const texts = globSync('test/**/*.ts')
  .filter((file) => !file.endsWith('rows.test.ts'))
  .map((file) => withoutComments(readFileSync(file, 'utf8')));

/** A number in a comment is no test: it has to stand in a title or in a table of cases. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(\/\*|\*|\/\/)/.test(line))
    .join('\n');
}

/** Numbers that stand alone, and those of `R63 to R66` or `R28–R30`. */
function namedRows(letter: string): Set<number> {
  const rows = new Set<number>();
  for (const text of texts) {
    for (const [, number] of text.matchAll(new RegExp(`\\b${letter}(\\d{1,2})\\b`, 'g')))
      rows.add(Number(number));
    const spans = new RegExp(`\\b${letter}(\\d{1,2})(?: to |–|-)${letter}(\\d{1,2})\\b`, 'g');
    for (const [, from, to] of text.matchAll(spans))
      for (let row = Number(from); row <= Number(to); row++) rows.add(row);
  }
  return rows;
}

test.each(Object.entries(TABLES))('every row %s1 to %s%i is shown by a test', (letter, last) => {
  const rows = namedRows(letter);
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((row) => !rows.has(row));
  expect(missing.map((row) => `${letter}${row}`)).toEqual([]);
});
