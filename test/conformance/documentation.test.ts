/**
 * Every query that the documentation shows is one that the parser takes; those of docs/gremlin.md run, and answer what the
 * page says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainError, explainPlan, parseQuery, runQuery } from '../../core/gremlin/gremlin.ts';
import { GremlinError } from '../../core/gremlin/errors.ts';
import { resultToJson } from '../../core/wire/gremlin-json.ts';
import { documentationContext } from './documentation-world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Begins the answer to the query above it. */
const ARROW = '→ ';

/** The queries of a page's blocks, with the answers that it shows. */
function answersOf(text: string): [query: string, answer: string | undefined][] {
  const found: [string, string | undefined][] = [];
  for (const [, block] of text.matchAll(/```gremlin\n([\s\S]*?)```/g))
    for (const line of block!.trim().split('\n'))
      if (line.startsWith(ARROW)) found.at(-1)![1] = line.slice(ARROW.length);
      else found.push([line, undefined]);
  return found;
}

function queriesOf(text: string): string[] {
  const blocks = [...text.matchAll(/```gremlin\n([\s\S]*?)```/g)].flatMap((match) =>
    match[1]!.trim().split('\n'),
  );
  // As the shell sees '\'' inside single quotes: one quote.
  const bodies = [
    ...text.replaceAll(`'\\''`, `'`).matchAll(/"(?:GremlinQuery|Query|Src|Dst)":\s*"([^"]+)"/g),
  ].map((match) => match[1]!);
  return [...blocks, ...bodies].filter((query) => query !== '…' && !query.startsWith(ARROW));
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

describe('docs/gremlin.md', () => {
  const page = readFileSync(join(root, 'docs/gremlin.md'), 'utf8');
  const shown = answersOf(page);

  it('shows answers', () => {
    expect(shown.filter(([, answer]) => answer !== undefined).length).toBeGreaterThan(45);
  });

  it.each(shown)('%s → %s', async (query, answer) => {
    const { result, plan } = await runQuery(parseQuery(query), documentationContext);
    if (answer !== undefined) expect(resultToJson(result).trim()).toBe(answer);
    expect(plan.warnings).toEqual([]);
  });

  const jsonBlocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
    (match) => JSON.parse(match[1]!) as Record<string, unknown>,
  );

  it('shows how a refused query is explained', () => {
    const text = "G.V().HasKye('Name')";
    try {
      parseQuery(text);
    } catch (error) {
      expect(explainError(text, error as GremlinError)).toEqual(jsonBlocks[0]);
      return;
    }
    throw new Error('it was read');
  });

  it('shows how a query runs', async () => {
    const { Cost: cost, ...wanted } = jsonBlocks[1]!;
    const query = parseQuery(String(wanted['Query']));
    const answer = await runQuery(query, documentationContext);
    expect(JSON.parse(JSON.stringify(explainPlan(query, answer.plan, answer.result)))).toEqual(wanted);
    expect(cost).toMatchObject({ visited: answer.cost.visited });
  });
});
