/**
 * Sockets: what listens and talks on a node, or at the ends of a flow (Gremlin notes, section 8.7). Keys compare like
 * those of flows: texts as text only, integers as integers only.
 */
import { FlowProtocol } from '../../../proto/gen/flow.ts';
import type { Flow } from '../../../proto/gen/flow.ts';
import type { Json } from '../../graph/element.ts';
import { isJsonObject } from '../../graph/metadata.ts';
import type { Step } from '../ast.ts';
import { testOf } from '../condition.ts';
import { pairConditions } from '../element-filter.ts';
import { execError, listValue } from '../state.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';
import { fetchFlows } from './flow-fetch.ts';

/** The members of a socket in the order in which they are shown, and what one that the metadata lacks reads as. */
const NO_SOCKET = {
  Process: '',
  Pid: 0,
  Name: '',
  LocalAddress: '',
  LocalPort: 0,
  RemoteAddress: '',
  RemotePort: 0,
  Protocol: '',
  State: '',
};

/** Node id → sockets in its metadata; nodes without such a list are left out. */
export function nodeSockets(run: Run, value: ValueOf<'nodes'>, step: Step): ValueOf<'sockets'> {
  run.visit(step, value.nodes.length);
  const sockets = new Map<string, readonly Json[]>();
  for (const node of value.nodes) {
    const list = node.metadata['Sockets'];
    if (Array.isArray(list)) sockets.set(node.id, socketsIn(list as readonly Json[]));
  }
  return { kind: 'sockets', sockets };
}

function socketsIn(value: Json | undefined): readonly { readonly [key: string]: Json }[] {
  if (!Array.isArray(value)) return [];
  const objects = (value as readonly Json[]).filter((member) => isJsonObject(member));
  return objects.map((socket) => Object.assign({}, NO_SOCKET, socket));
}

/** Flow UUID → sockets of any node with the flow's ends, those at A first; flows without any are left out. */
export async function flowSockets(
  run: Run,
  value: ValueOf<'flows'>,
  step: Step,
): Promise<ValueOf<'sockets'>> {
  const flows = await fetchFlows(run, value);
  const byEnds = flows.length === 0 ? new Map<string, Json[]>() : socketsByEnds(run, value.on, step);
  const sockets = new Map<string, readonly Json[]>();
  for (const flow of flows) {
    const [there, back] = endsOf(flow);
    if (there === undefined || back === undefined) continue;
    const found = [...(byEnds.get(there) ?? []), ...(byEnds.get(back) ?? [])];
    if (found.length > 0) sockets.set(flow.UUID, found);
  }
  return { kind: 'sockets', sockets };
}

/** A flow's ends as seen from A and from B; nothing for what has no ports. */
function endsOf(flow: Flow): readonly [] | readonly [string, string] {
  const { Network: network, Transport: transport } = flow;
  if (network === undefined || transport === undefined) return [];
  const protocol = PROTOCOLS[transport.Protocol];
  if (protocol === undefined) return [];
  const a = [network.A, transport.A];
  const b = [network.B, transport.B];
  return [endsKey([protocol, ...a, ...b]), endsKey([protocol, ...b, ...a])];
}

function endsKey(ends: readonly (Json | undefined)[]): string {
  return JSON.stringify(ends);
}

const END_KEYS = ['Protocol', 'LocalAddress', 'LocalPort', 'RemoteAddress', 'RemotePort'];

const PROTOCOLS: Readonly<Partial<Record<FlowProtocol, string>>> = {
  [FlowProtocol.TCP]: 'TCP',
  [FlowProtocol.UDP]: 'UDP',
};

function socketsByEnds(run: Run, on: Traversal, step: Step): Map<string, Json[]> {
  const byEnds = new Map<string, Json[]>();
  for (const node of on.view.nodes()) {
    run.visit(step);
    for (const socket of socketsIn(node.metadata['Sockets'])) {
      const ends = endsKey(END_KEYS.map((key) => socket[key]));
      const known = byEnds.get(ends);
      if (known === undefined) byEnds.set(ends, [socket]);
      else known.push(socket);
    }
  }
  return byEnds;
}

function readSocket(socket: Json, key: string): Json | undefined {
  return Object.hasOwn(NO_SOCKET, key) && isJsonObject(socket) ? socket[key] : undefined;
}

/** Has and HasEither; a key whose list becomes empty is dropped. */
export function filterSockets(run: Run, value: ValueOf<'sockets'>, step: Step): ValueOf<'sockets'> {
  const tests = pairConditions(step).map(({ key, condition }) => {
    const test = testOf(condition, true);
    return (socket: Json) => test(readSocket(socket, key));
  });
  const isAny = step.name === 'HasEither';
  const sockets = new Map<string, readonly Json[]>();
  for (const [id, list] of value.sockets) {
    run.visit(step, list.length);
    const kept = list.filter((socket) =>
      isAny ? tests.some((test) => test(socket)) : tests.every((test) => test(socket)),
    );
    if (kept.length > 0) sockets.set(id, kept);
  }
  return { kind: 'sockets', sockets };
}

export function socketValues(value: ValueOf<'sockets'>, step: Step): ValueOf<'value'> {
  const [key] = step.params;
  const name = key?.kind === 'text' ? key.value : '';
  const values = [...value.sockets.values()].flat().map((socket) => {
    const found = readSocket(socket, name);
    if (found === undefined) throw execError('field-not-found', step, 'Field not found');
    return found;
  });
  return listValue(values);
}
