/**
 * What can be kept beside captures, each kind with its routes, the API's own rules for it, and what its list and form show. Names of members
 * are checked against the types that come from the routes, so that one that does not exist does not compile.
 */
import type {
  Alert,
  AlertRequest,
  EdgeRule,
  EdgeRuleRequest,
  NodeRule,
  NodeRuleRequest,
  PacketInjection,
  PacketInjectionRequest,
  Token,
  TokenRequest,
} from '../../core/api/operations.ts';
import type { Principal } from '../../core/auth/principal.ts';
import { ask } from '../link/api.ts';
import { session } from '../state/session.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly example?: string;
  readonly isRequired?: boolean;
  /** `json`: an object; `list`: words separated by commas. */
  readonly as?: 'number' | 'json' | 'list';
  readonly choices?: readonly string[];
}

export interface Entry {
  readonly id: string;
  readonly cells: readonly string[];
}

export interface Kind {
  readonly name: string;
  /** The object of its permissions. */
  readonly object: string;
  readonly columns: readonly string[];
  readonly fields: readonly Field[];
  readonly list: () => Promise<readonly Entry[]>;
  /** What breaks its rules, found before it is sent; nothing when it may be sent. */
  readonly check: (body: object) => Promise<readonly string[]>;
  /** Gives what must be told of it, such as a token that is shown once. */
  readonly create: (body: object) => Promise<string>;
  readonly remove: (id: string) => Promise<unknown>;
}

/** Of a request: its own members only. */
type FieldOf<Request> = Field & { readonly name: keyof Request & string };

const entriesOf = <One>(
  all: Readonly<Record<string, One>>,
  cells: (one: One) => readonly string[],
): Entry[] => Object.entries(all).map(([id, one]) => ({ id, cells: cells(one) }));

const faultsOf = (read: object): readonly string[] =>
  'errors' in read ? (read.errors as readonly string[]) : [];

const injections: Kind = {
  name: 'Injections',
  object: 'injectpacket',
  columns: ['From', 'To', 'Type', 'State', 'Packets'],
  fields: [
    { name: 'Src', label: 'From (Gremlin)', example: "G.V().Has('Name', 'eth0')", isRequired: true },
    { name: 'Dst', label: 'To (Gremlin)', example: "G.V().Has('Name', 'eth1')" },
    { name: 'Type', label: 'Type', choices: ['icmp4', 'icmp6', 'tcp4', 'tcp6', 'udp4', 'udp6'] },
    { name: 'DstIP', label: 'To address', example: '10.0.0.2/24' },
    { name: 'DstPort', label: 'To port', as: 'number' },
    { name: 'Count', label: 'Packets', as: 'number', example: '10' },
    { name: 'Interval', label: 'Every (ms)', as: 'number', example: '100' },
  ] satisfies readonly FieldOf<PacketInjectionRequest>[],
  list: async () =>
    entriesOf<PacketInjection>(await ask('GET /api/injectpacket', {}), (one) => [
      one.Src,
      one.Dst || one.DstIP,
      one.Type,
      one.Error === undefined || one.Error === '' ? (one.State ?? '') : `${one.State}: ${one.Error}`,
      `${one.PacketCount ?? 0} of ${one.Count}`,
    ]),
  check: async (body) => faultsOf((await import('../../core/injection/validate.ts')).readInjection(body)),
  create: async (body) => {
    await ask('POST /api/injectpacket', { body: body as PacketInjectionRequest });
    return '';
  },
  remove: (id) => ask('DELETE /api/injectpacket/{id}', { params: { id } }),
};

const alerts: Kind = {
  name: 'Alerts',
  object: 'alert',
  columns: ['Name', 'When', 'Asked', 'Tells'],
  fields: [
    { name: 'Name', label: 'Name' },
    {
      name: 'Expression',
      label: 'When (Gremlin)',
      example: "G.V().Has('State', 'DOWN')",
      isRequired: true,
    },
    { name: 'Trigger', label: 'Asked', example: 'graph, or duration:30s' },
    { name: 'Action', label: 'Tells', example: 'https://hooks.example/edgedive' },
  ] satisfies readonly FieldOf<AlertRequest>[],
  list: async () =>
    entriesOf<Alert>(await ask('GET /api/alert', {}), (one) => [
      one.Name,
      one.Expression,
      one.Trigger,
      one.Action,
    ]),
  check: async (body) => faultsOf((await import('../../core/alert/validate.ts')).readAlert(body, Date.now())),
  create: async (body) => {
    await ask('POST /api/alert', { body });
    return '';
  },
  remove: (id) => ask('DELETE /api/alert/{id}', { params: { id } }),
};

const nodeRules: Kind = {
  name: 'Node rules',
  object: 'noderule',
  columns: ['Name', 'Does', 'To', 'Metadata'],
  fields: [
    { name: 'Name', label: 'Name' },
    { name: 'Action', label: 'Does', choices: ['update', 'create'] },
    { name: 'Query', label: 'To (Gremlin)', example: "G.V().Has('Type', 'netns')" },
    { name: 'Metadata', label: 'Metadata (JSON)', as: 'json', example: '{"Room": "B12"}' },
  ] satisfies readonly FieldOf<NodeRuleRequest>[],
  list: async () =>
    entriesOf<NodeRule>(await ask('GET /api/noderule', {}), (one) => [
      one.Name,
      one.Action,
      one.Query,
      JSON.stringify(one.Metadata),
    ]),
  check: async (body) => faultsOf((await import('../../core/rules/validate.ts')).readNodeRule(body)),
  create: async (body) => {
    await ask('POST /api/noderule', { body });
    return '';
  },
  remove: (id) => ask('DELETE /api/noderule/{id}', { params: { id } }),
};

const edgeRules: Kind = {
  name: 'Edge rules',
  object: 'edgerule',
  columns: ['Name', 'From', 'To', 'Metadata'],
  fields: [
    { name: 'Name', label: 'Name' },
    { name: 'Src', label: 'From (Gremlin)', example: "G.V().Has('Name', 'TOR1')", isRequired: true },
    { name: 'Dst', label: 'To (Gremlin)', example: "G.V().Has('Name', 'eth0')", isRequired: true },
    { name: 'Metadata', label: 'Metadata (JSON)', as: 'json', example: '{"RelationType": "layer2"}' },
  ] satisfies readonly FieldOf<EdgeRuleRequest>[],
  list: async () =>
    entriesOf<EdgeRule>(await ask('GET /api/edgerule', {}), (one) => [
      one.Name,
      one.Src,
      one.Dst,
      JSON.stringify(one.Metadata),
    ]),
  check: async (body) => faultsOf((await import('../../core/rules/validate.ts')).readEdgeRule(body)),
  create: async (body) => {
    await ask('POST /api/edgerule', { body });
    return '';
  },
  remove: (id) => ask('DELETE /api/edgerule/{id}', { params: { id } }),
};

/** Whoever is signed in, as the rules for tokens want to know it. */
function principal(): Principal {
  const now = session.value;
  if (now.kind !== 'in') return { name: '', kind: 'nobody', roles: [] };
  return { name: now.who.Name, kind: now.who.Kind, roles: now.who.Roles };
}

const tokens: Kind = {
  name: 'Tokens',
  object: 'token',
  columns: ['Name', 'Roles', 'Host', 'Made by', 'Ends'],
  fields: [
    { name: 'Name', label: 'Name', isRequired: true },
    { name: 'Roles', label: 'Roles', as: 'list', example: 'guest' },
    { name: 'Scopes', label: 'Scopes', as: 'list', example: 'topology:read' },
    { name: 'HostID', label: 'Probe of host', example: 'rack2-node7' },
    { name: 'ExpiresIn', label: 'Good for', example: '720h' },
  ] satisfies readonly FieldOf<TokenRequest>[],
  list: async () =>
    entriesOf<Token>(await ask('GET /api/token', {}), (one) => [
      one.Name,
      one.Roles.join(', '),
      one.HostID,
      one.CreatedBy,
      one.ExpiresAt ?? 'never',
    ]),
  check: async (body) => {
    const read = (await import('../../core/auth/token-request.ts')).readTokenRequest(body, principal());
    return 'refused' in read ? [read.refused] : faultsOf(read);
  },
  create: async (body) => {
    const made = await ask('POST /api/token', { body: body as TokenRequest });
    return `The token, shown this once: ${made.Token}`;
  },
  remove: (id) => ask('DELETE /api/token/{id}', { params: { id } }),
};

export const KINDS: readonly Kind[] = [injections, alerts, nodeRules, edgeRules, tokens];
