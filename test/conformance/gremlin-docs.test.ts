/** Every query that the documentation shows is one: people copy them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../core/gremlin/gremlin.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function markdownFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

/** `G.…` in backquotes, on lines of code blocks, and as JSON members; not those with an ellipsis. */
function queriesIn(markdown: string): string[] {
  const inline = [...markdown.matchAll(/`([Gg]\.[A-Za-z][^`\n]*)`/g)].map((match) => match[1]!);
  const members = [...markdown.matchAll(/"GremlinQuery"\s*:\s*("(?:[^"\\]|\\.)*")/g)].map((match) =>
    String(JSON.parse(match[1]!)),
  );
  const lines = [...markdown.matchAll(/^\s*([Gg]\.[A-Za-z]\w*\(.*\))\s*$/gm)].map((match) => match[1]!);
  return [...inline, ...members, ...lines].filter((query) => !/…|\.\.\./.test(query));
}

const files = [
  ...['README.md', 'ARCHITECTURE.md'].map((name) => join(ROOT, name)).filter((file) => existsSync(file)),
  ...markdownFiles(join(ROOT, 'docs')),
];

describe('queries in the documentation', () => {
  it('are found wherever they stand', () => {
    const text =
      'Ask `G.V()`:\n```\nG.Flows().Limit(1)\n{"GremlinQuery": "G.V().Has(\\"a\\", 1)"}\n```\nnot `G.V(…)`';
    expect(queriesIn(text)).toEqual(['G.V()', 'G.V().Has("a", 1)', 'G.Flows().Limit(1)']);
  });

  it.each(files.map((file) => [file.slice(ROOT.length), file] as const))(
    'in %s can all be read',
    (_name, file) => {
      // What the divergences quote as refused by the reference is a query here.
      for (const query of queriesIn(readFileSync(file, 'utf8')))
        expect(() => parseQuery(query), query).not.toThrow();
    },
  );
});
