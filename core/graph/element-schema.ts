/**
 * What metadata a node or an edge must have when somebody outside makes or changes it: REST and publishers alike (REST
 * notes, section 9). The lines of a refusal are the reference's, innermost last, because clients compare them.
 */
import type { Json } from './element.ts';
import { isJsonObject } from './metadata.ts';

const HEAD =
  'invalid schema: (root): Must validate all the schemas (allOf)\nMetadata: Must validate all the schemas (allOf)\n';

/** Types that need more than a name, and the key they need. */
const KEY_OF_TYPE: Readonly<Record<string, string>> = { netns: 'Path', ovsport: 'UUID' };

/** Why this cannot be a node's metadata, as several lines; undefined when it can. */
export function nodeSchemaFault(metadata: unknown): string | undefined {
  const fault = isObject(metadata) ? nodeFault(metadata) : notAnObject(metadata);
  return fault && `${HEAD}${fault}\n(root): Must validate at least one schema (anyOf)`;
}

/** Why this cannot be an edge's metadata, as several lines; undefined when it can. */
export function edgeSchemaFault(metadata: unknown): string | undefined {
  const fault = isObject(metadata) ? textFault(metadata, 'RelationType') : notAnObject(metadata);
  return fault && `${HEAD}${fault}`;
}

function nodeFault(metadata: { readonly [key: string]: Json }): string | undefined {
  const type = member(metadata, 'Type');
  const nameFault = textFault(metadata, 'Name');
  if (nameFault !== undefined) return nameFault;
  // The reference tells of the second of its three shapes then.
  if (type === undefined) return 'Metadata: Path is required';
  if (typeof type !== 'string') return textFault(metadata, 'Type');
  const needed = Object.hasOwn(KEY_OF_TYPE, type) ? KEY_OF_TYPE[type] : undefined;
  return needed === undefined ? undefined : textFault(metadata, needed);
}

function textFault(metadata: { readonly [key: string]: Json }, key: string): string | undefined {
  const value = member(metadata, key);
  if (value === undefined) return `Metadata: ${key} is required`;
  if (typeof value !== 'string')
    return `Metadata.${key}: Invalid type. Expected: string, given: ${schemaTypeOf(value)}`;
  return value === '' ? `Metadata.${key}: String length must be greater than or equal to 1` : undefined;
}

function member(metadata: { readonly [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return isJsonObject(value as Json | undefined);
}

function notAnObject(value: unknown): string {
  if (value === undefined) return '(root): Metadata is required';
  return `Metadata: Invalid type. Expected: object, given: ${schemaTypeOf(value)}`;
}

/** JSON Schema's names of types; a number without a fraction is an integer. */
function schemaTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
