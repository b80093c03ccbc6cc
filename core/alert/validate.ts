/**
 * From the members a client sent to an alert that may be stored (REST notes, sections 8 and 16). Programs as actions are refused:
 * whoever may write alerts could run anything on the analyzer.
 */
import { DurationError, parseGoDuration } from '../go-duration.ts';
import { parseQuery } from '../gremlin/gremlin.ts';
import { limits } from '../limits.ts';
import { decodeMembers, InputError, type MemberKind } from '../wire/json-input.ts';
import type { Alert } from './alert.ts';

const MEMBERS = {
  UUID: 'string',
  Name: 'string',
  Description: 'string',
  Expression: 'string',
  Action: 'string',
  Trigger: 'string',
  CreateTime: 'string',
} as const satisfies Record<string, MemberKind>;

export type ReadAlert = { readonly alert: Omit<Alert, 'UUID'> } | { readonly errors: readonly string[] };

const MISMATCH = 'regular expression mismatch';
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Throws InputError when the body is no object or a member has the wrong kind. */
export function readAlert(input: unknown, nowMs: number): ReadAlert {
  const members = decodeMembers(input, MEMBERS);
  const { Name = '', Description = '', Expression = '', Action = '', Trigger = '' } = members;
  const CreateTime = members.CreateTime ?? new Date(nowMs).toISOString();
  if (!RFC3339.test(CreateTime) || Number.isNaN(Date.parse(CreateTime)))
    throw new InputError(`parsing time ${JSON.stringify(CreateTime.slice(0, 64))} as RFC 3339: it is none`);
  const errors = [
    ...expressionFaults(Expression),
    ...actionFaults(Action),
    ...(intervalOf(Trigger) === undefined && Trigger !== '' && Trigger !== 'graph'
      ? [`Trigger: ${MISMATCH}`]
      : []),
  ];
  if (errors.length > 0) return { errors };
  return { alert: { Name, Description, Expression, Action, Trigger, CreateTime } };
}

function expressionFaults(text: string): string[] {
  if (text === '') return ['Expression: zero value'];
  if (text.length <= limits.queryCharsMax) return [];
  return [`Expression: longer than ${limits.queryCharsMax} characters`];
}

function actionFaults(text: string): string[] {
  if (text === '') return [];
  if (text.startsWith('file:'))
    return [`Action: ${MISMATCH}: programs are not run, only http:// and https:// are told`];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isTold = url !== undefined && /^https?:$/.test(url.protocol) && /^https?:\/\//.test(text);
  return isTold && text.length <= limits.alertActionCharsMax ? [] : [`Action: ${MISMATCH}`];
}

/** How often an alert of this trigger asks, in ms; undefined when it asks as the graph changes. */
export function intervalOf(trigger: string): number | undefined {
  if (!trigger.startsWith('duration:')) return undefined;
  try {
    const ms = parseGoDuration(trigger.slice('duration:'.length));
    return ms > 0 ? Math.max(ms, limits.alertIntervalMsMin) : undefined;
  } catch (error) {
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

/** What a Gremlin expression asks; undefined for one that is no Gremlin, which is JavaScript then. */
export function gremlinOf(expression: string): { readonly asksFlows: boolean } | undefined {
  try {
    const query = parseQuery(expression);
    return { asksFlows: /\bFlows\s*\(/.test(query.text) };
  } catch {
    return undefined;
  }
}
