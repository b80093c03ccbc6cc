/**
 * Metadata as values that never change: reading and writing by dotted path, and changes as data (`MetadataOp`),
 * the form in which partial updates travel to subscribers and from publishers (WebSocket notes, section 6).
 *
 * A path component names an own member of an object; where an object holds a member whose name is the whole rest
 * of the path, dots and all, that member is meant. (REST accepts such names and keeps them as they are.)
 */
import type { Json, Metadata, MetadataOp } from './element.ts';

type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first component of a path inside an object, and what is left of the path. */
function split(object: JsonObject, path: string): [name: string, rest: string | undefined] {
  const dot = path.indexOf('.');
  if (dot < 0 || Object.hasOwn(object, path)) return [path, undefined];
  return [path.slice(0, dot), path.slice(dot + 1)];
}

/** The value under a dotted path; undefined when there is none. Lists are not entered (`core/gremlin/values.ts` does). */
export function getField(metadata: Metadata, key: string): Json | undefined {
  let value: Json | undefined = metadata;
  let path: string | undefined = key;
  while (path !== undefined) {
    if (!isJsonObject(value)) return undefined;
    const [name, rest]: [string, string | undefined] = split(value, path);
    if (!Object.hasOwn(value, name)) return undefined;
    value = value[name];
    path = rest;
  }
  return value;
}

/** A copy in which the path holds the value; objects on the way are made, whatever else stood there is replaced. */
export function setField(metadata: Metadata, key: string, value: Json): Metadata {
  const [name, rest] = split(metadata, key);
  if (rest === undefined) return { ...metadata, [name]: value };
  const inner = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  return { ...metadata, [name]: setField(isJsonObject(inner) ? inner : {}, rest, value) };
}

/** A copy without the path; objects that this empties vanish too. The same object when there was nothing. */
export function deleteField(metadata: Metadata, key: string): Metadata {
  const [name, rest] = split(metadata, key);
  if (!Object.hasOwn(metadata, name)) return metadata;
  if (rest === undefined) return without(metadata, name);
  const inner = metadata[name];
  if (!isJsonObject(inner)) return metadata;
  const after = deleteField(inner, rest);
  if (after === inner) return metadata;
  return Object.keys(after).length === 0 ? without(metadata, name) : { ...metadata, [name]: after };
}

function without(object: JsonObject, name: string): Metadata {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name));
}

/** Every path of the metadata, dotted, objects before their members; lists are not entered. */
export function fieldKeys(metadata: Metadata): string[] {
  const keys: string[] = [];
  collectKeys(metadata, '', keys);
  return keys;
}

function collectKeys(object: JsonObject, prefix: string, keys: string[]): void {
  for (const [name, inner] of Object.entries(object)) {
    keys.push(prefix + name);
    if (isJsonObject(inner)) collectKeys(inner, `${prefix}${name}.`, keys);
  }
}

/** Same JSON value; the order of an object's members does not matter. */
export function jsonEquals(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return (a as readonly Json[]).every((member, index) => jsonEquals(member, (b as readonly Json[])[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && jsonEquals(a[name], b[name]));
}

/**
 * What turns `before` into `after`: `applyOps(before, diffMetadata(before, after))` equals `after`. An object is
 * compared member by member; it is set as a whole where its members' names hold dots or it became empty.
 * A new member at the top whose name holds a dot cannot be said in ops: see `hasDottedName`.
 */
export function diffMetadata(before: Metadata, after: Metadata): MetadataOp[] {
  const ops: MetadataOp[] = [];
  diffObjects(before, after, '', ops);
  return ops;
}

function diffObjects(before: JsonObject, after: JsonObject, prefix: string, ops: MetadataOp[]): void {
  for (const name of Object.keys(before))
    if (!Object.hasOwn(after, name)) ops.push({ kind: 'delete', key: prefix + name });
  for (const [name, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    if (jsonEquals(old, value)) continue;
    if (canDescend(old, value)) diffObjects(old as JsonObject, value as JsonObject, `${prefix}${name}.`, ops);
    else ops.push({ kind: 'set', key: prefix + name, value });
  }
}

/** Deleting member after member would remove an object that is to stay, empty; and a dotted name needs its parent. */
function canDescend(old: Json | undefined, value: Json): boolean {
  if (!isJsonObject(old) || !isJsonObject(value)) return false;
  return (
    Object.keys(old).some((name) => Object.hasOwn(value, name)) &&
    !hasDottedName(old) &&
    !hasDottedName(value)
  );
}

/** Whether one of the names on the top holds a dot: send the whole element then, not ops. */
export function hasDottedName(metadata: Metadata): boolean {
  return Object.keys(metadata).some((name) => name.includes('.'));
}

/** The metadata after the ops, in order. */
export function applyOps(metadata: Metadata, ops: readonly MetadataOp[]): Metadata {
  let after = metadata;
  for (const op of ops)
    after = op.kind === 'set' ? setField(after, op.key, op.value) : deleteField(after, op.key);
  return after;
}
