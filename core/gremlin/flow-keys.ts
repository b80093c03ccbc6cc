/** Keys that no flow can have: an error where a value is wanted, a warning where a filter or an order names them. */
import { fieldReader, flowFieldNames } from '../flow/fields.ts';
import type { Step } from './ast.ts';
import type { GremlinError } from './errors.ts';
import { nearestName } from './nearest.ts';
import { execError } from './state.ts';
import type { Run } from './state.ts';

const LAYERS =
  'Link Network Transport ICMP Metric LastUpdateMetric TCPMetric IPMetric DNS DHCPv4 VRRPv2'.split(' ');
/** Filters know these too. */
const CAPTURES = ['Capture', 'Capture.Name', 'Capture.ID'];
const READABLE: readonly string[] = flowFieldNames.concat(LAYERS);
const FILTERED: readonly string[] = READABLE.concat(CAPTURES);
/** Objects of which all members are known: another one reads as nothing. */
const CLOSED = /^(Link|Network|Transport|ICMP|Metric|LastUpdateMetric|TCPMetric|IPMetric)\./;

function noSuchField(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  return `flows have no field ${key}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

export function fieldNotFound(step: Step, key: string): GremlinError {
  const hint = CAPTURES.includes(key)
    ? `${key} is for filters; flows have the field CaptureID`
    : noSuchField(key, READABLE);
  return execError('field-not-found', step, 'Field not found', hint);
}

export function warnOfField(run: Run, step: Step, key: string): void {
  if (FILTERED.includes(key) || (fieldReader(key) !== undefined && !CLOSED.test(key))) return;
  run.plan.warn(`${step.name} at ${step.offset}: ${noSuchField(key, FILTERED)}`);
}
