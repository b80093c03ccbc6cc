/**
 * Whether an alert's answer says something, and whether it says the same as before. Answers are compared as sets: the order of a
 * result says nothing. Elements are compared by what they are, not by their counters, and flows by which they are, so that an
 * alert does not fire again because a byte went by.
 */
import type { Json } from '../graph/element.ts';
import { isJsonObject } from '../graph/metadata.ts';
import { withoutStatistics } from '../graph/statistics.ts';
import { sha1 } from '../sha1.ts';

/** The reference's rule: not empty, and true. */
export function saysSomething(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.length > 0;
  if (typeof answer === 'object' && answer !== null) return Object.keys(answer).length > 0;
  return Boolean(answer);
}

/** Two answers with one digest say the same. */
export function digestOf(answer: unknown): string {
  const text = Array.isArray(answer)
    ? JSON.stringify(answer.map(essenceOf).toSorted())
    : canonical(answer as Json);
  return [...sha1(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function essenceOf(item: unknown): string {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return canonical(item as Json);
  const { ID, UUID, Metadata, Parent, Child, LayersPath } = item as Readonly<Record<string, Json>>;
  if (typeof UUID === 'string' && typeof LayersPath === 'string') return `flow ${UUID}`;
  if (typeof ID !== 'string' || !isJsonObject(Metadata)) return canonical(item as Json);
  return canonical({ ID, Metadata: withoutStatistics(Metadata), Parent: Parent ?? '', Child: Child ?? '' });
}

/** JSON whose members stand in one order. */
function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}
