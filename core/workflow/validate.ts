/**
 * From what a client sent to a workflow that may be stored, and to the arguments of a call (REST notes, section 12). The source is
 * not looked at, as in the reference: whether it compiles is told by whoever calls it.
 */
import type { Json } from '../graph/element.ts';
import { isShallow } from '../wire/element-text.ts';
import { limits } from '../limits.ts';
import { decodeMembers, InputError } from '../wire/json-input.ts';
import type { Workflow, WorkflowChoice, WorkflowParam } from './workflow.ts';

export type ReadWorkflow =
  | { readonly workflow: Omit<Workflow, 'UUID'> }
  | { readonly errors: readonly string[] };

const TEXTS = {
  UUID: 'string',
  Name: 'string',
  Title: 'string',
  Abstract: 'string',
  Description: 'string',
  Source: 'string',
} as const;
const PARAM = { Name: 'string', Description: 'string', Type: 'string' } as const;

/** Throws InputError when the body is no object or a member has the wrong kind. */
export function readWorkflow(input: unknown): ReadWorkflow {
  const { Name = '', Title = '', Abstract = '', Description = '', Source = '' } = decodeMembers(input, TEXTS);
  const Parameters = listOf(input, 'Parameters', paramOf);
  if (Name === '') return { errors: ['Name: zero value'] };
  return { workflow: { Name, Title, Abstract, Description, Parameters, Source } };
}

/** The `Params` of a call, whatever the case of its letters; none when absent. Throws InputError. */
export function readCall(input: unknown): readonly unknown[] {
  decodeMembers(input, {});
  const name = Object.keys(input as object).findLast((key) => key.toLowerCase() === 'params');
  return name === undefined ? [] : (listOf(input, name, (value) => value) ?? []);
}

function memberOf(input: unknown, name: string): Json | undefined {
  return Object.hasOwn(input as object, name) ? (input as Readonly<Record<string, Json>>)[name] : undefined;
}

function listOf<T>(input: unknown, name: string, read: (value: Json) => T): readonly T[] | null {
  const value = memberOf(input, name);
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw new InputError(`parse error: expected [ for member ${name}`);
  return value.map(read);
}

/** A value of any kind, as deep as metadata may be. */
function valueOf(input: unknown, name: string): Json {
  const value = memberOf(input, name) ?? null;
  if (!isShallow(value, limits.metadataDepthMax))
    throw new InputError(`parse error: member ${name} nests deeper than ${limits.metadataDepthMax}`);
  return value;
}

function paramOf(value: Json): WorkflowParam {
  const { Name = '', Description = '', Type = '' } = decodeMembers(value, PARAM);
  return {
    Name,
    Description,
    Type,
    Default: valueOf(value, 'Default'),
    Values: listOf(value, 'Values', choiceOf),
  };
}

function choiceOf(value: Json): WorkflowChoice {
  const { Description = '' } = decodeMembers(value, { Description: 'string' });
  return { Value: valueOf(value, 'Value'), Description };
}
