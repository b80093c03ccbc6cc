/**
 * JSON Patch (RFC 6902) on values that are never changed in place. The texts of what does not apply are those that clients of
 * the reference know (REST notes, section 6). As there, replacing an absent member of an object adds it.
 */
import type { Json } from '../graph/element.ts';
import { isJsonObject, jsonEquals } from '../graph/metadata.ts';
import { limits } from '../limits.ts';

/** A patch that is none, or does not apply; `message` says why. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** Tokens of a path beyond this lead nowhere: nothing that is kept nests so deep. */
const PATH_TOKENS_MAX = 2 * limits.metadataDepthMax;

/**
 * The document after all operations; it shares what did not change. Throws PatchError, and then nothing has happened.
 * Costs at most `limits.patchWorkMax` copied members.
 */
export function applyPatch(document: Json, patch: readonly unknown[]): Json {
  const work = new Work();
  let after = document;
  for (const operation of patch) after = applyOne(after, readOperation(operation), work);
  return after;
}

function readOperation(operation: unknown): Operation {
  const read = (member: string): Json | undefined =>
    isJsonObject(operation as Json) && Object.hasOwn(operation as object, member)
      ? (operation as Readonly<Record<string, Json>>)[member]
      : undefined;
  const op = read('op');
  if (typeof op !== 'string' || !Object.hasOwn(OPERATIONS, op))
    throw new PatchError(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
  const path = read('path');
  if (typeof path !== 'string') throw missing(`${op} operation failed to decode path`);
  const from = read('from');
  if (NEEDS_FROM.has(op) && typeof from !== 'string') throw missing(`${op} operation failed to decode from`);
  const value = read('value');
  if (NEEDS_VALUE.has(op) && value === undefined) throw missing(`${op} operation failed to decode value`);
  return { op, path, ...(typeof from === 'string' && { from }), ...(value !== undefined && { value }) };
}

const NEEDS_FROM: ReadonlySet<string> = new Set(['move', 'copy']);
const NEEDS_VALUE: ReadonlySet<string> = new Set(['add', 'replace', 'test']);

type Apply = (document: Json, operation: Operation, work: Work) => Json;

const OPERATIONS: Readonly<Record<string, Apply>> = {
  add: (document, { path, value }, work) =>
    put(
      document,
      path,
      value!,
      work,
      `add operation does not apply: doc is missing path: "${path}"`,
      `add for path: '${path}'`,
    ),
  remove: (document, { path }, work) =>
    take(
      document,
      path,
      work,
      `remove operation does not apply: doc is missing path: "${path}"`,
      `remove for path: '${path}'`,
    ),
  replace: (document, { path, value }, work) => {
    if (path === '') return value!;
    const change = edit(document, tokensOf(path), work, (container, key) =>
      isList(container)
        ? container.with(indexIn(container, key, `replace for path: '${path}'`), value!)
        : { ...container, [key]: value! },
    );
    if (change === undefined) throw missing(`replace operation does not apply: doc is missing path: ${path}`);
    return change;
  },
  move: (document, { path, from }, work) => {
    const value = valueAt(document, from!, work);
    if (value === undefined)
      throw missing(`move operation does not apply: doc is missing from path: ${from}`);
    if (path === from) return document;
    const without = take(
      document,
      from!,
      work,
      `move operation does not apply: doc is missing from path: ${from}`,
      `move for path: '${from}'`,
    );
    const gone = `move operation does not apply: doc is missing destination path: ${path}`;
    return put(without, path, value, work, gone, `move for path: '${path}'`);
  },
  copy: (document, { path, from }, work) => {
    const value = valueAt(document, from!, work);
    if (value === undefined)
      throw missing(`copy operation does not apply: doc is missing from path: ${from}`);
    const gone = `copy operation does not apply: doc is missing destination path: ${path}`;
    return put(document, path, value, work, gone, `copy for path: '${path}'`);
  },
  test: (document, { path, value }, work) => {
    const found = valueAt(document, path, work);
    if (typeof found === 'object' && found !== null) work.add(found);
    // A test for null holds for what is not there, as in the reference.
    if (!jsonEquals(found ?? null, value)) throw new PatchError(`testing value ${path} failed: test failed`);
    return document;
  },
};

function applyOne(document: Json, operation: Operation, work: Work): Json {
  return OPERATIONS[operation.op]!(document, operation, work);
}

type Container = readonly Json[] | { readonly [key: string]: Json };

function isList(container: Container): container is readonly Json[] {
  return Array.isArray(container);
}

function isContainer(value: Json | undefined): value is Container {
  return typeof value === 'object' && value !== null;
}

function put(document: Json, path: string, value: Json, work: Work, gone: string, doing: string): Json {
  if (path === '') return value;
  const change = edit(document, tokensOf(path), work, (container, key) => {
    if (!isList(container)) return { ...container, [key]: value };
    const index = key === '-' ? container.length : indexIn(container, key, doing, 1);
    return container.toSpliced(index, 0, value);
  });
  if (change === undefined) throw missing(gone);
  return change;
}

function take(document: Json, path: string, work: Work, gone: string, doing: string): Json {
  const change =
    path === ''
      ? undefined
      : edit(document, tokensOf(path), work, (container, key) => {
          if (isList(container)) return container.toSpliced(indexIn(container, key, doing), 1);
          if (!Object.hasOwn(container, key))
            throw missing(`error in ${doing}: Unable to remove nonexistent key: ${key}`);
          return Object.fromEntries(Object.entries(container).filter(([name]) => name !== key));
        });
  if (change === undefined) throw missing(gone);
  return change;
}

/** A copy of the document in which `change` was applied to the container of the last token; undefined when there is none. */
function edit(
  value: Json,
  tokens: readonly string[],
  work: Work,
  change: (container: Container, key: string) => Json,
  at = 0,
): Json | undefined {
  if (!isContainer(value) || tokens.length === 0) return undefined;
  const key = tokens[at]!;
  work.add(value);
  if (at === tokens.length - 1) return change(value, key);
  const inner = memberOf(value, key);
  if (inner === undefined) return undefined;
  const after = edit(inner, tokens, work, change, at + 1);
  if (after === undefined) return undefined;
  return isList(value) ? value.with(Number(key), after) : { ...value, [key]: after };
}

function valueAt(document: Json, path: string, work: Work): Json | undefined {
  if (path === '') return document;
  const tokens = tokensOf(path);
  work.addSteps(tokens.length);
  let value: Json | undefined = tokens.length === 0 ? undefined : document;
  for (const token of tokens) value = isContainer(value) ? memberOf(value, token) : undefined;
  return value;
}

function memberOf(container: Container, key: string): Json | undefined {
  if (isList(container)) return INDEX.test(key) ? container[Number(key)] : undefined;
  return Object.hasOwn(container, key) ? (container as Readonly<Record<string, Json>>)[key] : undefined;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** `more`: how many places behind the last one may be meant. Throws PatchError. */
function indexIn(list: readonly Json[], key: string, doing: string, more = 0): number {
  if (!INDEX.test(key))
    throw new PatchError(`error in ${doing}: value was not a proper array index: '${key}'`);
  const index = Number(key);
  if (index >= list.length + more)
    throw new PatchError(
      `error in ${doing}: Unable to access invalid index: ${index}: invalid index referenced`,
    );
  return index;
}

/** The tokens of a JSON Pointer (RFC 6901); none for what is no pointer. */
function tokensOf(path: string): readonly string[] {
  if (!path.startsWith('/')) return [];
  const tokens = path.split('/', PATH_TOKENS_MAX + 2).slice(1);
  if (tokens.length > PATH_TOKENS_MAX) return [];
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function missing(text: string): PatchError {
  return new PatchError(`${text}: missing value`);
}

/** What applying has cost so far. */
class Work {
  #members = 0;

  add(container: Container): void {
    this.addSteps(1 + (isList(container) ? container.length : Object.keys(container).length));
  }

  addSteps(steps: number): void {
    this.#members += steps;
    if (this.#members > limits.patchWorkMax)
      throw new PatchError(`the patch copies more than ${limits.patchWorkMax} members`);
  }
}
