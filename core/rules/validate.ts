/**
 * From the members a client sent to a rule that may be stored (REST notes, section 10 and 16). All broken rules are told
 * at once, one a line; the first has the reference's text.
 */
import { messageOf } from '../errors.ts';
import { edgeSchemaFault, nodeSchemaFault } from '../graph/element-schema.ts';
import type { Json, Metadata } from '../graph/element.ts';
import { isJsonObject } from '../graph/metadata.ts';
import { namesOfKey } from '../graph/overlays.ts';
import { parseQuery, resultKindOf } from '../gremlin/gremlin.ts';
import { limits } from '../limits.ts';
import { metadataFault } from '../wire/element-body.ts';
import { decodeMembers, InputError, type MemberKind } from '../wire/json-input.ts';
import type { EdgeRule, NodeRule } from './rule.ts';

export type ReadRule<R> = { readonly rule: Omit<R, 'UUID'> } | { readonly errors: readonly string[] };

// Each rule's id is made by us, but a wrong kind is refused as the reference refuses it.
const COMMON = { UUID: 'string', Name: 'string', Description: 'string' } as const satisfies Record<
  string,
  MemberKind
>;
const NODE_MEMBERS = { ...COMMON, Action: 'string', Query: 'string' } as const;
const EDGE_MEMBERS = { ...COMMON, Src: 'string', Dst: 'string' } as const;

/** Throws InputError when the body is no object or a member has the wrong kind. */
export function readNodeRule(input: unknown): ReadRule<NodeRule> {
  const { Name = '', Description = '', Action, Query = '' } = decodeMembers(input, NODE_MEMBERS);
  const metadata = metadataOf(input);
  const errors: string[] = [];
  if (Action !== 'create' && Action !== 'update') errors.push('Action: regular expression mismatch');
  if (Query !== '') errors.push(...queryFaults('Query', Query));
  if (Action === 'create') errors.push(...present(nodeSchemaFault(metadata ?? {})));
  if (Action === 'update' && changesIdentity(metadata ?? {}))
    errors.push('Name and Type fields can not be changed');
  errors.push(...metadataFaults(metadata));
  if (errors.length > 0) return { errors };
  return { rule: { Name, Description, Metadata: metadata, Action: Action as NodeRule['Action'], Query } };
}

/** Throws InputError when the body is no object or a member has the wrong kind. */
export function readEdgeRule(input: unknown): ReadRule<EdgeRule> {
  const { Name = '', Description = '', Src = '', Dst = '' } = decodeMembers(input, EDGE_MEMBERS);
  const metadata = metadataOf(input);
  const errors = [
    ...queryFaults('Src', Src),
    ...queryFaults('Dst', Dst),
    ...present(edgeSchemaFault(metadata ?? {})),
    ...metadataFaults(metadata),
  ];
  if (errors.length > 0) return { errors };
  return { rule: { Name, Description, Src, Dst, Metadata: metadata } };
}

function metadataOf(input: unknown): Metadata | null {
  const value = Object.hasOwn(input as object, 'Metadata')
    ? (input as { readonly Metadata?: Json }).Metadata
    : undefined;
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) throw new InputError('parse error: expected { for member Metadata');
  return value;
}

function queryFaults(member: string, text: string): string[] {
  const fault = queryFault(text);
  return fault === undefined ? [] : [`${member}: Not a valid Gremlin expression: ${fault}`];
}

function queryFault(text: string): string | undefined {
  if (text.length > limits.queryCharsMax) return `longer than ${limits.queryCharsMax} characters`;
  try {
    const kind = resultKindOf(parseQuery(text));
    if (kind === 'nodes' || kind === 'paths') return undefined;
    return `a rule needs a query that yields nodes, this one yields ${kind}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Also by a dotted key, which would make an object of the name. */
function changesIdentity(metadata: Metadata): boolean {
  return Object.keys(metadata).some((key) => {
    const name = namesOfKey(key)[0];
    return name === 'Name' || name === 'Type';
  });
}

function metadataFaults(metadata: Metadata | null): string[] {
  if (metadata === null) return [];
  const tooDeep = Object.keys(metadata).some((key) => key.split('.').length > limits.metadataDepthMax / 2);
  if (tooDeep) return [`Metadata: a key with more than ${limits.metadataDepthMax / 2} components`];
  return present(metadataFault(metadata, limits.ruleMetadataBytesMax));
}

function present(fault: string | undefined): string[] {
  return fault === undefined ? [] : [fault];
}
