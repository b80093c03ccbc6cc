/**
 * From `--add key=value` and `--remove key` to a JSON Patch (RFC 6902) of an element's metadata. Dotted keys address nested
 * objects; a patch makes none on the way, so that what is missing is added as a whole.
 */
import { getField, isJsonObject, setField } from '../core/graph/metadata.ts';
import type { Json, Metadata } from '../core/graph/element.ts';

type PatchStep =
  | { readonly op: 'add'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** `metadata` is what the element has now. */
export function metadataPatch(
  metadata: Json | undefined,
  add: readonly { readonly key: string; readonly value: Json }[],
  remove: readonly string[],
): PatchStep[] {
  let known: Metadata = isJsonObject(metadata) ? metadata : {};
  const steps: PatchStep[] = [];
  for (const { key, value } of add) {
    const parts = partsOf(known, key);
    const depth = existingDepth(known, parts);
    const rest = parts.slice(depth + 1).toReversed();
    const whole = rest.reduce<Json>((inner, part) => ({ [part]: inner }), value);
    steps.push({ op: 'add', path: pointer(parts.slice(0, depth + 1)), value: whole });
    known = setField(known, key, value);
  }
  for (const key of remove) steps.push({ op: 'remove', path: pointer(partsOf(known, key)) });
  return steps;
}

/** A name on the top that holds dots itself is one part. */
function partsOf(metadata: Metadata, key: string): string[] {
  return Object.hasOwn(metadata, key) ? [key] : key.split('.');
}

/** How many of the parts, from the first on, are objects already. */
function existingDepth(metadata: Metadata, parts: readonly string[]): number {
  let depth = 0;
  while (depth < parts.length - 1 && isJsonObject(getField(metadata, parts.slice(0, depth + 1).join('.'))))
    depth++;
  return depth;
}

/** RFC 6901. */
function pointer(parts: readonly string[]): string {
  return ['/Metadata', ...parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}
