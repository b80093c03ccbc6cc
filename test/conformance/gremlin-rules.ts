/**
 * Where Edgedive answers otherwise than the reference on purpose: one rule a decision (Gremlin notes, section 14; told to
 * users in docs/divergences.md). A rule looks at the query and at what came out, never at a case's id, and holds only
 * if the outcome is what the decision says.
 */
import { graphRules } from './gremlin-rules-graph.ts';
import { flowRules } from './gremlin-rules-flow.ts';
import { languageRules } from './gremlin-rules-language.ts';
import type { Difference, Rule } from './gremlin-rule.ts';

const RULES: readonly Rule[] = [...languageRules, ...graphRules, ...flowRules];

/** The rule that explains a difference. Cases without the tag `quirk` are binding, with the exceptions rules name. */
export async function ruleFor(difference: Difference): Promise<Rule | undefined> {
  if (difference.outcome.kind === 'crash') return undefined;
  for (const rule of RULES) {
    if (difference.testCase.quirk === undefined && rule.untagged !== true) continue;
    if (await rule.holds(difference)) return rule;
  }
  return undefined;
}
