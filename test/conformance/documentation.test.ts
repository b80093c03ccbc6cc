/** Every query that the documentation shows is one that the parser takes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../core/gremlin/gremlin.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function queriesOf(text: string): string[] {
  const blocks = [...text.matchAll(/```gremlin\n([\s\S]*?)```/g)].flatMap((match) =>
    match[1]!.trim().split('\n'),
  );
  // As the shell sees '\'' inside single quotes: one quote.
  const bodies = [
    ...text.replaceAll(`'\\''`, `'`).matchAll(/"(?:GremlinQuery|Query|Src|Dst)":\s*"([^"]+)"/g),
  ].map((match) => match[1]!);
  return [...blocks, ...bodies].filter((query) => query !== '…');
}

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const examples = pages.flatMap((page) =>
  queriesOf(readFileSync(join(root, page), 'utf8')).map((query) => [page, query] as const),
);

describe('the documentation', () => {
  it('shows queries', () => {
    expect(examples.filter(([page]) => page === 'README.md').length).toBeGreaterThan(4);
    expect(examples.filter(([page]) => page === 'docs/gremlin.md').length).toBeGreaterThan(25);
  });

  it.each(examples)('%s: %s', (_page, query) => {
    expect(() => parseQuery(query)).not.toThrow();
  });
});
