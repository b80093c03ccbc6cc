/**
 * Runs Gremlin conformance cases against the query engine: `--cases FILE --fixture FILE`, by default the copies in
 * test/conformance/data. Prints each failing case with its difference and each divergent one with the rule that
 * explains it; the last line counts them. The three counts add up to the cases of the file.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Query } from '../core/gremlin/ast.ts';
import { parseQuery } from '../core/gremlin/gremlin.ts';
import { difference, misunderstanding, outcomeOf } from '../test/conformance/gremlin-case.ts';
import type { Case } from '../test/conformance/gremlin-case.ts';
import { ruleFor } from '../test/conformance/gremlin-rules.ts';
import { makeWorld } from '../test/conformance/gremlin-world.ts';
import type { Fixture, World } from '../test/conformance/gremlin-world.ts';

const DATA = fileURLToPath(new URL('../test/conformance/data/', import.meta.url));

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly difference: string }
  | { readonly kind: 'divergent'; readonly rule: string; readonly reason: string };

/** What one case comes to. Never throws for what a case holds. */
export async function judge(world: World, testCase: Case): Promise<Verdict> {
  const strange = misunderstanding(testCase);
  if (strange !== undefined) return { kind: 'failed', difference: `not understood: ${strange}` };
  const outcome = await outcomeOf(world, testCase);
  const found = difference(testCase, outcome);
  if (found === undefined) return { kind: 'passed' };
  // Where the reference crashes it is enough to live on; what the case expects is a proposal.
  if (testCase.skydive === 'crash' && outcome.kind !== 'crash') return { kind: 'passed' };
  const rule = await ruleFor({ testCase, outcome, world, query: tryParse(testCase.query) });
  if (rule === undefined) return { kind: 'failed', difference: found };
  return { kind: 'divergent', rule: rule.name, reason: rule.reason };
}

function tryParse(text: string): Query | undefined {
  try {
    return parseQuery(text);
  } catch {
    return undefined;
  }
}

function filesIn(args: readonly string[]): { cases: string; fixture: string } {
  return parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string', default: `${DATA}gremlin-cases.json` },
      fixture: { type: 'string', default: `${DATA}gremlin-fixture.json` },
    },
  }).values;
}

/** Exit status: 0 when no case failed, 1 when one did, 2 for wrong arguments and unreadable files. */
export async function main(args: readonly string[]): Promise<number> {
  let files: { cases: string; fixture: string };
  try {
    files = filesIn(args);
  } catch (error) {
    console.error(String(error));
    return 2;
  }
  let cases: Case[];
  let world: World;
  try {
    cases = JSON.parse(await readFile(files.cases, 'utf8')) as Case[];
    world = makeWorld(JSON.parse(await readFile(files.fixture, 'utf8')) as Fixture);
  } catch (error) {
    console.error(`cannot read the cases or the fixture: ${String(error)}`);
    return 2;
  }
  const counts = { passed: 0, failed: 0, divergent: 0 };
  for (const testCase of cases) {
    const verdict = await judge(world, testCase);
    counts[verdict.kind]++;
    if (verdict.kind === 'failed')
      console.log(`FAIL ${testCase.id} ${testCase.query}\n     ${verdict.difference}`);
    if (verdict.kind === 'divergent')
      console.log(`diff ${testCase.id} ${testCase.query}\n     ${verdict.rule}`);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.divergent} divergent`);
  return counts.failed === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
