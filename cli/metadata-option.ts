/** `--metadata key=value`: dotted keys make nested objects; a value is JSON where it reads as such, else a text. */
import type { Json, Metadata } from '../core/graph/element.ts';
import { setField } from '../core/graph/metadata.ts';
import { usageError } from './errors.ts';

/** Throws CommandError `usage`. */
export function readPair(text: string): { readonly key: string; readonly value: Json } {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`expected KEY=VALUE, got '${text}'`);
  return { key: text.slice(0, at).trim(), value: readValue(text.slice(at + 1)) };
}

export function readMetadata(pairs: readonly string[]): Metadata {
  let metadata: Metadata = {};
  for (const { key, value } of pairs.flatMap(splitPairs).map(readPair))
    metadata = setField(metadata, key, value);
  return metadata;
}

/** The reference's client takes `a=1, b=2` too; a comma inside a value that is JSON is none of ours. */
function splitPairs(text: string): string[] {
  return /^[^=]+=[[{"]/.test(text) ? [text] : text.split(/,(?=[^,=]+=)/);
}

function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
