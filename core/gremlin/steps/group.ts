/** Group and MoreThan (Gremlin notes, section 8.4); unlike the reference both honour their parameters. */
import type { Flow } from '../../../proto/gen/flow.ts';
import type { FieldValue } from '../../flow/fields.ts';
import type { Step } from '../ast.ts';
import { printBare, printVerb } from '../print.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { toInteger } from '../values.ts';
import { fetchFlows, readerOf } from './flow.ts';

/** By the fields named (their values joined with a space); without any by TrackingID. */
export async function groupFlows(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'groups'>> {
  const names = step.params.length === 0 ? ['TrackingID'] : step.params.map(printBare);
  const readers = names.map((name) => readerOf(step, name));
  const groups = new Map<string, Flow[]>();
  for (const flow of await fetchFlows(run, value)) {
    const key = readers.map((read) => textOf(read(flow))).join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [flow]);
    else group.push(flow);
  }
  return { kind: 'groups', groups };
}

function textOf(value: FieldValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Groups of more than so many flows, one if nothing is said. */
export function moreThan(value: ValueOf<'groups'>, step: Step): ValueOf<'groups'> {
  const [param] = step.params;
  const isScalar = param?.kind === 'number' || param?.kind === 'text';
  const bound = param === undefined ? 1 : isScalar ? toInteger(param.value) : undefined;
  if (bound === undefined) throw execError('bad-parameter', step, `${printVerb(param!)} is not an integer`);
  const groups = new Map([...value.groups].filter(([, flows]) => flows.length > bound));
  return { kind: 'groups', groups };
}
