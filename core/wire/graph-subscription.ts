/**
 * What a client of `/ws/subscriber`, `/ws/publisher` or `/ws/pubsub` asks for at the upgrade (WebSocket notes, sections
 * 2 and 15). Whether its filter is a query is not looked at here.
 */
import type { SocketPath } from '../api/sockets.ts';
import { limits } from '../limits.ts';
import {
  oneOf,
  readIdentity,
  readNamespaces,
  type ClientIdentity,
  type Parameters,
  type Refusal,
} from './client-parameters.ts';

/** By endpoint. Subscribers hear of changes, publishers make them, pubsub is both; agents publish and are given orders. */
export const GRAPH_ROLES = ['subscriber', 'publisher', 'pubsub', 'agent'] as const;
export type GraphRole = (typeof GRAPH_ROLES)[number];

/** Whether clients of this endpoint hear of changes of the graph. */
export function hearsGraph(role: GraphRole): boolean {
  return role === 'subscriber' || role === 'pubsub';
}

/** The endpoint's path. */
export function pathOfRole(role: GraphRole): SocketPath {
  return role === 'agent' ? '/ws/agent/topology' : `/ws/${role}`;
}

/** Updates as whole elements, or as the operations that lead to them where these are shorter. */
export type UpdatePolicy = 'full' | 'partial';

export interface GraphSubscription extends ClientIdentity {
  readonly role: GraphRole;
  /** What the client wants to be sent; empty for everything. */
  readonly namespaces: readonly string[];
  /** A Gremlin query that yields a graph; "" for none. */
  readonly filter: string;
  readonly policy: UpdatePolicy;
  /** Whether what it publishes goes with its connection. */
  readonly deletesOnDisconnect: boolean;
}

export function readGraphSubscription(role: GraphRole, parameters: Parameters): GraphSubscription | Refusal {
  const identity = readIdentity(parameters);
  if ('refused' in identity) return identity;
  const namespaces = readNamespaces(parameters);
  if ('refused' in namespaces) return namespaces;
  const listens = hearsGraph(role);
  const filter = listens ? oneOf(parameters, 'X-Gremlin-Filter') : '';
  if (filter.length > limits.graphFilterCharsMax)
    return { refused: `X-Gremlin-Filter is longer than ${limits.graphFilterCharsMax} characters` };
  const policy = listens ? oneOf(parameters, 'X-Update-Policy').toLowerCase() || 'full' : 'full';
  if (policy !== 'full' && policy !== 'partial')
    return { refused: `unknown X-Update-Policy '${policy}', use full or partial` };
  const persistence = oneOf(parameters, 'X-Persistence-Policy').toLowerCase();
  return {
    ...identity,
    role,
    namespaces: namespaces.includes('*') ? [] : namespaces,
    filter,
    policy,
    deletesOnDisconnect: role !== 'subscriber' && persistence === 'deleteondisconnect',
  };
}

export function wantsNamespace({ namespaces }: Pick<GraphSubscription, 'namespaces'>, name: string): boolean {
  return namespaces.length === 0 || namespaces.includes(name);
}
