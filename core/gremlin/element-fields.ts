/**
 * Keys of nodes and edges (Gremlin notes, section 6.1): `@…` are the element's own fields, edges also have Parent
 * and Child, everything else is a metadata path. A reader is made once per key and used per element.
 */
import type { GraphEdge, GraphNode, Json } from '../graph/element.ts';
import { fieldKeys, isJsonObject } from '../graph/metadata.ts';
import { absentMember, declaredNames, memberShape, shapeOf } from './typed-metadata.ts';
import type { Shape } from './typed-metadata.ts';

/** undefined: the key does not exist on this element. */
export type ElementReader = (element: GraphNode | GraphEdge) => Json | undefined;

const OWN_FIELDS: Readonly<Record<string, ElementReader>> = {
  '@ID': (element) => element.id,
  '@Host': (element) => element.host,
  '@Origin': (element) => element.origin,
  '@CreatedAt': (element) => element.createdAt,
  '@UpdatedAt': (element) => element.updatedAt,
  // A live element has none (the reference reads an overflow of the year 1).
  '@DeletedAt': (element) => element.deletedAt ?? undefined,
  '@Revision': (element) => element.revision,
};

const METADATA_PREFIX = 'Metadata.';

/** The metadata path that a key means: the prefix `Metadata.` is removed once. */
export function metadataPath(key: string): string {
  return key.startsWith(METADATA_PREFIX) ? key.slice(METADATA_PREFIX.length) : key;
}

export function elementReader(key: string, of: 'node' | 'edge'): ElementReader {
  const own = Object.hasOwn(OWN_FIELDS, key) ? OWN_FIELDS[key] : undefined;
  if (own !== undefined) return own;
  if (of === 'edge' && (key === 'Parent' || key === 'Child')) {
    const end = key === 'Parent' ? 'parent' : 'child';
    return (element) => (element as GraphEdge)[end];
  }
  const path = metadataPath(key);
  if (!path.includes('.')) {
    if (path in Object.prototype)
      return (element) => (Object.hasOwn(element.metadata, path) ? element.metadata[path] : undefined);
    return (element) => element.metadata[path];
  }
  const root = path.slice(0, path.indexOf('.'));
  const shape = of === 'node' ? shapeOf(root) : undefined;
  return (element) => readPath(element.metadata, path, root, shape);
}

/** The value under a path of a plain JSON object, as members of a value list are filtered. */
export function readJsonPath(object: Json, path: string): Json | undefined {
  return isJsonObject(object) ? walk(object, path) : undefined;
}

function readPath(metadata: Json, path: string, root: string, shape: Shape | undefined): Json | undefined {
  if (shape === undefined || !isJsonObject(metadata)) return walk(metadata, path);
  const typed = Object.hasOwn(metadata, root) ? metadata[root] : undefined;
  if (typed === undefined || typeof typed !== 'object' || typed === null) return walk(metadata, path);
  return walkTyped(typed, path.slice(root.length + 1), shape);
}

/**
 * A list of objects collects the rest of the path from those that have it; a list of anything else yields an empty
 * list, so that any sub-key of a list "exists". Lists inside lists stay lists.
 */
function walk(value: Json, path: string): Json | undefined {
  if (Array.isArray(value)) {
    const found: Json[] = [];
    for (const member of value as readonly Json[]) {
      const inner = isJsonObject(member) ? walk(member, path) : undefined;
      if (inner !== undefined) found.push(inner);
    }
    return found;
  }
  if (!isJsonObject(value)) return undefined;
  const dot = path.indexOf('.');
  if (dot < 0 || Object.hasOwn(value, path)) return Object.hasOwn(value, path) ? value[path] : undefined;
  const name = path.slice(0, dot);
  return Object.hasOwn(value, name) ? walk(value[name]!, path.slice(dot + 1)) : undefined;
}

function walkTyped(value: Json, path: string, shape: Shape | undefined): Json | undefined {
  if (Array.isArray(value)) {
    const found = (value as readonly Json[]).flatMap((member): readonly Json[] => {
      const inner = isJsonObject(member) ? walkTyped(member, path, shape) : undefined;
      if (inner === undefined) return [];
      return Array.isArray(inner) ? (inner as readonly Json[]) : [inner];
    });
    return found.length > 0 ? found : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const dot = path.indexOf('.');
  if (dot < 0 || Object.hasOwn(value, path)) {
    if (Object.hasOwn(value, path)) return value[path];
    return shape && absentMember(shape, path);
  }
  const name = path.slice(0, dot);
  if (!Object.hasOwn(value, name)) return undefined;
  return walkTyped(value[name]!, path.slice(dot + 1), shape && memberShape(shape, name));
}

/**
 * Every key of an element, dotted, own fields first. Of metadata with a fixed structure the declared names, whether the
 * JSON has them or not, and nothing below them.
 */
export function elementKeys(element: GraphNode | GraphEdge, of: 'node' | 'edge'): string[] {
  const keys = Object.keys(OWN_FIELDS);
  if (of === 'edge') keys.push('Parent', 'Child');
  const plain: Record<string, Json> = {};
  for (const [name, value] of Object.entries(element.metadata)) {
    const shape = of === 'node' && typeof value === 'object' && value !== null ? shapeOf(name) : undefined;
    if (shape === undefined) plain[name] = value;
    else keys.push(name, ...declaredNames(shape).map((member) => `${name}.${member}`));
  }
  return [...keys, ...fieldKeys(plain)];
}
