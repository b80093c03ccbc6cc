/** Reading what another program answered: the member of the right type, or nothing. Never throws. */
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { isJsonObject, setField } from '../../../core/graph/metadata.ts';

export function objectOf(value: Json | undefined): Metadata {
  return isJsonObject(value) ? value : {};
}

/** "" when it is no text. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** 0 when it is no whole number that we can keep. */
export function integerOf(value: Json | undefined): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** The members that are texts. */
export function textsIn(value: Json | undefined): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(objectOf(value))) if (typeof text === 'string') texts[key] = text;
  return texts;
}

/**
 * Labels as metadata: a key with dots becomes nested objects, so that queries reach it (topology notes, section 1).
 * Where both `a` and `a.b` are there, `a` gives way.
 */
export function normalised(labels: Readonly<Record<string, string>>): Metadata {
  let metadata: Metadata = {};
  const byDepth = Object.entries(labels).toSorted(([a], [b]) => a.length - b.length);
  for (const [key, value] of byDepth) {
    const isDeep = key.split('.').length > LABEL_DEPTH_MAX;
    metadata = isDeep ? { ...metadata, [key]: value } : setField(metadata, key, value);
  }
  return metadata;
}

/** A key with more parts stays one name: an element nested too deep would be refused whole. */
const LABEL_DEPTH_MAX = 16;
