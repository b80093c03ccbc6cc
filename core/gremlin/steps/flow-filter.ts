/**
 * Conditions on flow fields → `FlowFilter` (Gremlin notes, section 8.1). The bare keys Network, Link and Transport mean
 * both ends: either may satisfy a condition, and neither may break a negative one (section 14.14).
 */
import { RE2JS } from 're2js';
import type { FlowFilter } from '../../flow/search.ts';
import { EXISTS } from '../condition.ts';
import type { Condition, KeyCondition } from '../condition.ts';
import { captureFilter, isCaptureKey } from './flow-captures.ts';
import type { CaptureNames } from './flow-captures.ts';

const BOTH_ENDS: ReadonlySet<string> = new Set(['Network', 'Link', 'Transport']);

/** All of the conditions, or any of them. */
export function flowFilter(
  conditions: readonly KeyCondition[],
  mode: 'and' | 'or',
  captures: CaptureNames,
): FlowFilter {
  const filters = conditions.map(({ key, condition }) =>
    isCaptureKey(key) ? captureFilter(key, condition, captures) : filterOfKey(key, condition),
  );
  return filters.length === 1 ? filters[0]! : { kind: mode, filters };
}

export function flowHasKey(key: string): FlowFilter {
  return fieldFilter(key, EXISTS);
}

function filterOfKey(key: string, condition: Condition): FlowFilter {
  if (!BOTH_ENDS.has(key)) return fieldFilter(key, condition);
  const filters = ['A', 'B'].map((end) => fieldFilter(`${key}.${end}`, condition));
  return { kind: isNegative(condition) ? 'and' : 'or', filters };
}

/** Ne, Nee and Without. */
function isNegative(condition: Condition): boolean {
  if (condition.kind === 'not') return true;
  return condition.kind === 'and' && condition.conditions.some((member) => member.kind === 'not');
}

function fieldFilter(key: string, condition: Condition): FlowFilter {
  switch (condition.kind) {
    case 'exists':
      return { kind: 'not', filter: { kind: 'absent', key } };
    case 'text':
    case 'integer':
    case 'boolean':
      return { kind: 'equals', key, value: condition.value };
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return { kind: condition.kind, key, value: condition.value };
    case 'regex':
      return { kind: 'regex', key, pattern: condition.source };
    case 'contains':
      return { kind: 'regex', key, pattern: `(?s).*${RE2JS.quote(condition.part)}.*` };
    case 'ipv4Range':
      return { kind: 'ipv4Range', key, cidr: condition.cidr };
    case 'not':
      return { kind: 'not', filter: fieldFilter(key, condition.condition) };
    case 'and':
    case 'or':
      // An empty list holds always; an empty `and` says so.
      return {
        kind: condition.conditions.length === 0 ? 'and' : condition.kind,
        filters: condition.conditions.map((member) => fieldFilter(key, member)),
      };
  }
}
