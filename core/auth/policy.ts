/**
 * What each role may do (REST reference notes, section 3). A permission is an object and an action; it is given when some
 * rule allows it and none denies it. Own rules are lines in the reference's form:
 *
 *   p, <user or role>, <object>, <action>, allow|deny
 *   g, <user>, <role>
 *
 * `*` stands for every object or action. Own rules add to the built-in ones below.
 */
import type { Needed, Permission, Principal } from './principal.ts';

interface Rule extends Permission {
  readonly subject: string;
  readonly allow: boolean;
}

export interface Policy {
  readonly rules: readonly Rule[];
  /** User or role → the roles that it has besides. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** Everything that can be asked for, for `Permissions` of a login; sockets besides. */
export const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  topology: ['read'],
  status: ['read'],
  config: ['read'],
  capture: ['read', 'write', 'rawpackets'],
  alert: ['read', 'write'],
  injectpacket: ['read', 'write'],
  workflow: ['read', 'write'],
  'workflow.call': ['write'],
  node: ['read', 'write'],
  edge: ['read', 'write'],
  noderule: ['read', 'write'],
  edgerule: ['read', 'write'],
  pcap: ['write'],
  token: ['read', 'write'],
  view: ['read', 'write'],
  audit: ['read'],
  websocket: [
    '/ws/subscriber',
    '/ws/subscriber/flow',
    '/ws/publisher',
    '/ws/pubsub',
    '/ws/probe/topology',
    '/ws/probe/flow',
    '/ws/agent/topology',
    '/ws/agent/flow',
    '/ws/replication',
  ],
};

const ALL = '*';
const USER_OBJECTS =
  'topology status config capture alert injectpacket workflow workflow.call node edge noderule edgerule pcap token view';
const USER_SOCKETS = '/ws/subscriber /ws/subscriber/flow /ws/publisher /ws/pubsub';
const PROBE_SOCKETS = '/ws/probe/topology /ws/probe/flow /ws/agent/topology /ws/agent/flow';

const allowed = (subject: string, object: string, action: string): Rule => ({
  subject,
  object,
  action,
  allow: true,
});

const BUILT_IN: readonly Rule[] = [
  allowed('admin', ALL, ALL),
  ...USER_OBJECTS.split(' ').map((object) => allowed('user', object, ALL)),
  ...USER_SOCKETS.split(' ').map((path) => allowed('user', 'websocket', path)),
  allowed('guest', 'topology', 'read'),
  allowed('guest', 'status', 'read'),
  allowed('guest', 'view', ALL),
  allowed('guest', 'websocket', '/ws/subscriber'),
  ...PROBE_SOCKETS.split(' ').map((path) => allowed('probe', 'websocket', path)),
];

export const BUILT_IN_ROLES: readonly string[] = ['admin', 'user', 'guest', 'probe'];

/** A line of the policy that is none; names its number. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Lines; empty ones and those that begin with `#` count for nothing. Throws PolicyError. */
export function readPolicy(text: string): Policy {
  const rules: Rule[] = [...BUILT_IN];
  const groups = new Map<string, string[]>();
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const parts = trimmed.split(',').map((part) => part.trim());
    const [kind, subject = '', object = '', action = '', effect = ''] = parts;
    if (kind === 'g' && parts.length === 3 && subject !== '' && object !== '')
      groups.set(subject, [...(groups.get(subject) ?? []), object]);
    else if (kind === 'p' && parts.length === 5 && !parts.includes('') && /^(allow|deny)$/.test(effect))
      rules.push({ subject, object, action, allow: effect === 'allow' });
    else
      throw new PolicyError(
        `line ${index + 1}: expected 'p, subject, object, action, allow|deny' or 'g, user, role', got '${trimmed.slice(0, 80)}'`,
      );
  }
  return { rules, groups };
}

/** Whether whoever asks may do it. */
export function isAllowed(policy: Policy, who: Principal, needed: Needed): boolean {
  if (needed === 'public') return true;
  if (who.kind === 'nobody') return false;
  if (needed === 'anybody') return true;
  const subjects = subjectsOf(policy, who);
  let isGiven = false;
  for (const rule of policy.rules) {
    if (!subjects.has(rule.subject) || !fits(rule, needed)) continue;
    if (!rule.allow) return false;
    isGiven = true;
  }
  return isGiven && (who.scopes === undefined || who.scopes.some((scope) => fits(scope, needed)));
}

/** The name and the roles, with the roles of these. */
function subjectsOf({ groups }: Policy, { name, kind, roles }: Principal): ReadonlySet<string> {
  // A user may be called like a role: that alone gives it nothing.
  const named = kind !== 'open' && BUILT_IN_ROLES.includes(name) ? [] : [name];
  const subjects = new Set<string>([...named, ...roles]);
  for (const subject of [...subjects, ...(groups.get(name) ?? [])]) {
    subjects.add(subject);
    for (const role of groups.get(subject) ?? []) subjects.add(role);
  }
  return subjects;
}

function fits(rule: Permission, { object, action }: Permission): boolean {
  return (rule.object === ALL || rule.object === object) && (rule.action === ALL || rule.action === action);
}

export interface Told {
  readonly Object: string;
  readonly Action: string;
  readonly Allowed: boolean;
}

/** Everything that there is to do, and whether this one may; in the order of OBJECTS. */
export function permissionsOf(policy: Policy, who: Principal): Told[] {
  return Object.entries(OBJECTS).flatMap(([object, actions]) =>
    actions.map((action) => ({
      Object: object,
      Action: action,
      Allowed: isAllowed(policy, who, { object, action }),
    })),
  );
}

/** `capture:read`, `capture:*`, `*:read`. Undefined for what is none. */
export function readScope(text: string): Permission | undefined {
  const [, object, action] = /^([\w.*]+):([\w/*]+)$/.exec(text) ?? [];
  if (object === undefined || action === undefined) return undefined;
  if (object !== ALL && OBJECTS[object] === undefined) return undefined;
  if (
    action !== ALL &&
    !Object.entries(OBJECTS).some(
      ([name, actions]) => (object === ALL || name === object) && actions.includes(action),
    )
  )
    return undefined;
  return { object, action };
}
