/** RawPackets and BPF (Gremlin notes, section 8.6). */
import type { RawPacket } from '../../../proto/gen/flow.ts';
import { BpfError, compileBpf } from '../../bpf/bpf.ts';
import type { Step } from '../ast.ts';
import { execError } from '../state.ts';
import type { Run, ValueOf } from '../state.ts';
import { fetchFlows, noFlowStore } from './flow-fetch.ts';
import { searchOf } from './flow-search.ts';

/** Flow UUID → the packets kept with the flow, or stored in the time asked for; flows without any are left out. */
export async function rawPackets(run: Run, value: ValueOf<'flows'>, step: Step): Promise<ValueOf<'packets'>> {
  const { on, plan } = value;
  const packets = new Map<string, readonly RawPacket[]>();
  if (on.slice === undefined) {
    for (const flow of await fetchFlows(run, value, { withRawPackets: true }))
      if (flow.LastRawPackets.length > 0) packets.set(flow.UUID, flow.LastRawPackets);
    return { kind: 'packets', packets };
  }
  if (run.context.flowHistory === undefined) throw noFlowStore(plan.step);
  const search = searchOf(plan);
  const found = search === undefined ? [] : await run.context.flowHistory.rawPackets(search, on.slice);
  for (const [uuid, list] of found) {
    run.visit(step, list.length);
    if (list.length > 0) packets.set(uuid, list);
  }
  return { kind: 'packets', packets };
}

/** Keeps the packets that pass the filter; a list that becomes empty stays as null. */
export function filterPackets(run: Run, value: ValueOf<'packets'>, step: Step): ValueOf<'packets'> {
  const [param] = step.params;
  if (param === undefined || step.params.length > 1)
    throw execError('bad-parameter', step, 'BPF requires 1 parameter');
  if (param.kind !== 'text') throw execError('bad-parameter', step, 'BPF parameter has to be a string');
  const matcher = matcherByLinkType(step, param.value);
  const packets = new Map<string, readonly RawPacket[] | null>();
  for (const [uuid, list] of value.packets) {
    run.visit(step, list?.length ?? 0);
    const kept = (list ?? []).filter((packet) => matcher(packet.LinkType)(packet));
    packets.set(uuid, kept.length > 0 ? kept : null);
  }
  return { kind: 'packets', packets };
}

type Matcher = (packet: RawPacket) => boolean;

/** LINKTYPE_ETHERNET: what a packet without a link type is. */
const ETHERNET = 1;

/** Compiled once per link type met. What means nothing for Ethernet is an error, elsewhere it matches nothing. */
function matcherByLinkType(step: Step, expression: string): (linkType: number) => Matcher {
  const compiled = new Map<number, Matcher>();
  return (linkType) => {
    const wanted = linkType === 0 ? ETHERNET : linkType;
    const matcher = compiled.get(wanted) ?? compile(step, expression, wanted);
    compiled.set(wanted, matcher);
    return matcher;
  };
}

function compile(step: Step, expression: string, linkType: number): Matcher {
  try {
    const matches = compileBpf(expression, linkType);
    return ({ Data: data }) => matches(data, 0, data.length, data.length);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (linkType === ETHERNET) throw execError('bad-parameter', step, error.message);
    return () => false;
  }
}
