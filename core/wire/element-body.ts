/**
 * A node or an edge as the body of a request (REST notes, section 9): first the members, whose names are read without case,
 * then what the graph demands of them. The texts of refusals are the reference's.
 */
import { edgeSchemaFault, nodeSchemaFault } from '../graph/element-schema.ts';
import type { GraphEdge, GraphNode, Json, Metadata } from '../graph/element.ts';
import { isJsonObject } from '../graph/metadata.ts';
import { limits } from '../limits.ts';
import { InputError } from './json-input.ts';

export type ElementKind = 'node' | 'edge';

/** What is taken for members that were not given. */
export interface ElementDefaults {
  readonly origin: string;
  readonly nowMs: number;
}

/** A decoded element whose metadata is not checked yet. */
interface Decoded extends Omit<GraphNode, 'metadata'> {
  readonly metadata: Json | undefined;
}
type DecodedEdge = Decoded & Pick<GraphEdge, 'parent' | 'child'>;

export type Checked<E> =
  | { readonly ok: true; readonly element: E }
  | { readonly ok: false; readonly fault: string };

/** Throws InputError when a member has the wrong kind or there is no id. */
export function decodeNode(input: unknown, defaults: ElementDefaults): Decoded {
  const members = membersOf(input);
  const id = textOf(members, 'ID');
  if (id === '') throw new InputError('No ID found for graph element');
  const metadata = members.get('metadata');
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata as Json))
    throw new InputError('parse error: expected { for member Metadata');
  const origin = textOf(members, 'Origin');
  return {
    id,
    metadata: metadata as Json | undefined,
    host: textOf(members, 'Host'),
    origin: origin === '' ? defaults.origin : origin,
    createdAt: integerOf(members, 'CreatedAt') ?? defaults.nowMs,
    updatedAt: integerOf(members, 'UpdatedAt') ?? defaults.nowMs,
    deletedAt: integerOf(members, 'DeletedAt') ?? null,
    revision: integerOf(members, 'Revision') ?? 0,
  };
}

/** Throws InputError as `decodeNode`, and when an end is missing. */
export function decodeEdge(input: unknown, defaults: ElementDefaults): DecodedEdge {
  const decoded = decodeNode(input, defaults);
  const members = membersOf(input);
  const [parent, child] = [textOf(members, 'Parent'), textOf(members, 'Child')];
  if (parent === '') throw new InputError('parent ID wrong format');
  if (child === '') throw new InputError('child ID wrong format');
  return { ...decoded, parent, child };
}

export function checkNode(decoded: Decoded): Checked<GraphNode> {
  return checked(decoded, nodeSchemaFault(decoded.metadata));
}

export function checkEdge(decoded: DecodedEdge): Checked<GraphEdge> {
  return checked(decoded, edgeSchemaFault(decoded.metadata));
}

function checked<D extends Decoded>(
  decoded: D,
  schemaFault: string | undefined,
): Checked<D & { metadata: Metadata }> {
  const fault = schemaFault ?? tooLong(decoded) ?? metadataFault(decoded.metadata!);
  return fault === undefined
    ? { ok: true, element: decoded as D & { metadata: Metadata } }
    : { ok: false, fault };
}

function tooLong(decoded: Decoded & Partial<DecodedEdge>): string | undefined {
  const { id, host, origin, parent, child } = decoded;
  const texts = { ID: id, Host: host, Origin: origin, Parent: parent ?? '', Child: child ?? '' };
  for (const [member, text] of Object.entries(texts))
    if (text.length > limits.elementIdCharsMax)
      return `${member}: longer than ${limits.elementIdCharsMax} characters`;
  return undefined;
}

const encoder = new TextEncoder();

/** Why the metadata cannot be kept whatever its keys are; undefined when it can. */
export function metadataFault(metadata: Json, bytesMax: number = limits.elementBytesMax): string | undefined {
  const shape = new Shape(bytesMax).faultOf(metadata, limits.metadataDepthMax);
  if (shape !== undefined) return `Metadata: ${shape}`;
  const text = JSON.stringify(metadata);
  const isLarger = text.length > bytesMax || encoder.encode(text).length > bytesMax;
  return isLarger ? `Metadata: ${larger(bytesMax)}` : undefined;
}

function larger(bytesMax: number): string {
  return `larger than ${bytesMax} bytes`;
}

/**
 * Looks at a value before it is spelled: YAML can say what JSON cannot, and the copies of a patch share what they copy, so that
 * few objects in memory may be more text than there is room for. Neither recursion nor work go beyond the bounds.
 */
class Shape {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  faultOf(value: unknown, levels: number): string | undefined {
    // Each value is a character at least, and one that separates it from the next.
    this.#bytes += 2 + (typeof value === 'string' ? value.length : 0);
    if (this.#bytes > this.#bytesMax + 2) return larger(this.#bytesMax);
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return undefined;
      case 'number':
        return Number.isFinite(value) ? undefined : 'a number must be finite';
      case 'object':
        return value === null ? undefined : this.#faultInside(value, levels);
      case 'undefined':
      case 'bigint':
      case 'function':
      case 'symbol':
    }
    return 'a value is no JSON';
  }

  #faultInside(value: object, levels: number): string | undefined {
    if (levels === 0) return `nested deeper than ${limits.metadataDepthMax}`;
    if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype)
      return 'a value is no JSON';
    for (const [name, member] of Object.entries(value)) {
      if (!Array.isArray(value)) this.#bytes += name.length + 2;
      const fault = this.faultOf(member, levels - 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

/** Members by lower-cased name; of several the last. Throws InputError for what is no object. */
function membersOf(input: unknown): ReadonlyMap<string, unknown> {
  if (input === null || input === undefined) throw new InputError('unsupported type');
  if (typeof input !== 'object' || Array.isArray(input)) throw new InputError('parse error: expected {');
  return new Map(Object.entries(input).map(([name, value]) => [name.toLowerCase(), value]));
}

/** "" when it is not there. */
function textOf(members: ReadonlyMap<string, unknown>, name: string): string {
  const value = members.get(name.toLowerCase());
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new InputError(`parse error: expected string for member ${name}`);
  return value;
}

function integerOf(members: ReadonlyMap<string, unknown>, name: string): number | undefined {
  const value = members.get(name.toLowerCase());
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  const why = typeof value === 'number' && Number.isInteger(value) ? 'value out of range' : 'invalid syntax';
  const text = JSON.stringify(JSON.stringify(value) ?? '');
  throw new InputError(`strconv.ParseInt: parsing ${text}: ${why}`);
}
