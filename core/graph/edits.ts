/**
 * What people changed in a node's metadata, as values at paths, so that what lies beside them in the same object stays its
 * owner's. A path is a list of names: a name may hold dots.
 */
import type { Json, Metadata } from './element.ts';
import { isJsonObject, jsonEquals } from './metadata.ts';

export interface Edit {
  readonly path: readonly string[];
  readonly value: Json;
}

/** The metadata with the edits made, in order; objects on the way are made, whatever else stood there is replaced. */
export function withEdits(metadata: Metadata, edits: readonly Edit[]): Metadata {
  let after = metadata;
  for (const { path, value } of edits) after = setAt(after, path, value);
  return after;
}

function setAt(object: Metadata, [name, ...rest]: readonly string[], value: Json): Metadata {
  const inner = own(object, name!);
  return {
    ...object,
    [name!]: rest.length === 0 ? value : setAt(isJsonObject(inner) ? inner : {}, rest, value),
  };
}

function deleteAt(object: Metadata, [name, ...rest]: readonly string[]): Metadata {
  if (rest.length === 0) return Object.fromEntries(Object.entries(object).filter(([each]) => each !== name));
  const inner = own(object, name!);
  return isJsonObject(inner) ? { ...object, [name!]: deleteAt(inner, rest) } : object;
}

function own(object: Metadata, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export interface Edited {
  /** What the owner says. */
  readonly base: Metadata;
  /** What lies over it. */
  readonly edits: readonly Edit[];
}

/**
 * What becomes of both when somebody turns what is shown from `before` into `after`. New values go over the base, or into it
 * when `intoBase`. What is taken away is the edit at that place, and only without one the owner's word.
 */
export function edited(
  { base, edits }: Edited,
  before: Metadata,
  after: Metadata,
  intoBase: boolean,
): Edited {
  const state = { base, edits: [...edits] };
  for (const { path, value } of changesBetween(before, after, [])) {
    const others = state.edits.filter((edit) => !startsWith(edit.path, path));
    if (value === undefined) {
      if (others.length === state.edits.length) state.base = deleteAt(state.base, path);
      state.edits = others;
    } else if (intoBase) state.base = setAt(state.base, path, value);
    else state.edits = [...others, { path, value }];
  }
  return state;
}

/** What the owner's word becomes when the owner turns what is shown from `before` into `after`. */
export function withChanges(base: Metadata, before: Metadata, after: Metadata): Metadata {
  let changed = base;
  for (const { path, value } of changesBetween(before, after, []))
    changed = value === undefined ? deleteAt(changed, path) : setAt(changed, path, value);
  return changed;
}

/** The smallest places that differ; undefined = nothing is there any more. */
function* changesBetween(
  before: Metadata,
  after: Metadata,
  prefix: readonly string[],
): Generator<{ readonly path: readonly string[]; readonly value: Json | undefined }> {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, value] = [own(before, name), own(after, name)];
    if (jsonEquals(old, value)) continue;
    const path = [...prefix, name];
    if (isJsonObject(old) && isJsonObject(value)) yield* changesBetween(old, value, path);
    else yield { path, value };
  }
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, at) => path[at] === name);
}
