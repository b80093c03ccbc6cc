/** Keys that no flow can have: an error where a value is wanted, a warning where a filter or an order names them. */
import { fieldReader, flowFieldNames } from '../flow/fields.ts';
import type { Step } from './ast.ts';
import type { GremlinError } from './errors.ts';
import { nearestName } from './nearest.ts';
import { execError } from './state.ts';
import type { Run } from './state.ts';

const LAYERS =
  'Link Network Transport ICMP Metric LastUpdateMetric TCPMetric IPMetric DNS DHCPv4 VRRPv2 Capture Capture.Name Capture.ID';
const KNOWN: readonly string[] = flowFieldNames.concat(LAYERS.split(' '));

function noSuchField(key: string): string {
  const nearest = nearestName(key, KNOWN);
  return `flows have no field ${key}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

export function fieldNotFound(step: Step, key: string): GremlinError {
  return execError('field-not-found', step, 'Field not found', noSuchField(key));
}

export function warnOfField(run: Run, step: Step, key: string): void {
  if (fieldReader(key) === undefined && !KNOWN.includes(key))
    run.plan.warn(`${step.name} at ${step.offset}: ${noSuchField(key)}`);
}
