/** What a client of the graph's sockets is known by while its object sleeps. */
import { limits } from '../../core/limits.ts';
import { GRAPH_ROLES, type GraphSubscription } from '../../core/wire/graph-subscription.ts';
import { isClientState, type ClientEvent, type ClientKind, type ClientState } from './client-sockets.ts';

export interface GraphClientState extends GraphSubscription, ClientState {
  readonly kind: 'graphClient';
  /** Has sent at least one change. */
  readonly hasPublished: boolean;
  /** Something that it has to hear is only in memory: held back, or not yet known because its filter has to run again. */
  readonly isBehind: boolean;
  readonly awaitsFilter: boolean;
}

export const graphClientKind: ClientKind<GraphClientState> = {
  tag: 'graphClient',
  isState: isGraphClientState,
  keyOf: clientKey,
  holdBytes: limits.graphHoldBytes,
};

/** A host id is taken once an endpoint. */
export function clientKey({ role, hostId }: Pick<GraphClientState, 'role' | 'hostId'>): string {
  return `${role} ${hostId}`;
}

/** The origin of everything that the client publishes. */
export function originOf({ clientType, hostId }: Pick<GraphClientState, 'clientType' | 'hostId'>): string {
  return `${clientType}.${hostId}`;
}

const EVENT_COUNTERS = {
  replaced: 'clientsReplaced',
  tooSlow: 'clientsTooSlow',
  sent: 'messagesSent',
  sendFailed: 'sendFailures',
  lookFailed: 'unreadLookFailures',
} as const satisfies Readonly<Record<ClientEvent, string>>;

export function counterOf(event: ClientEvent): (typeof EVENT_COUNTERS)[ClientEvent] {
  return EVENT_COUNTERS[event];
}

export const graphClientCounters = [
  ...Object.values(EVENT_COUNTERS),
  'clientsRefused',
  'clientsBroken',
  'clientsHeld',
  'turnsCutShort',
  'clientsOutOfStep',
  'clientFramesTooLarge',
  'messagesAnswered400',
  'messagesIgnored',
  'messagesMalformed',
  'syncsSent',
  'syncsRefused',
  'filterRuns',
  'filterFailures',
  'changesPublished',
  'changesIgnored',
  'changesAgainstSchema',
  'changesForeign',
  'changesDangling',
  'changesTooMany',
  'changesTooLarge',
  'originsDeleted',
] as const;
export type GraphClientCounter = (typeof graphClientCounters)[number];
export type CountClient = (name: GraphClientCounter, by?: number) => void;

function isGraphClientState(value: unknown): value is GraphClientState {
  if (!isClientState(value)) return false;
  const state = value as Partial<Record<keyof GraphClientState, unknown>>;
  const flags = [state.deletesOnDisconnect, state.hasPublished, state.isBehind, state.awaitsFilter];
  return (
    state.kind === 'graphClient' &&
    (GRAPH_ROLES as readonly unknown[]).includes(state.role) &&
    (state.protocol === 'json' || state.protocol === 'protobuf') &&
    (state.policy === 'full' || state.policy === 'partial') &&
    [state.clientType, state.filter].every((text) => typeof text === 'string') &&
    flags.every((flag) => typeof flag === 'boolean') &&
    Array.isArray(state.namespaces) &&
    state.namespaces.every((namespace) => typeof namespace === 'string')
  );
}
