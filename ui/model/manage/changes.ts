/**
 * What somebody changed of something that is kept, as a JSON Patch (RFC 6902). Each member that is to change is tested for what it was
 * when the form was filled, so that a change by somebody else is noticed; members that nobody touched stay as they are by then.
 */
import type { JSONPatch } from '../../../core/api/operations.ts';
import type { Json } from '../../../core/graph/element.ts';
import { jsonEquals } from '../../../core/graph/metadata.ts';

type Members = Readonly<Record<string, unknown>>;

function same(a: unknown, b: unknown): boolean {
  return jsonEquals((a ?? null) as Json, (b ?? null) as Json);
}

/** Empty when nothing differs. Members that only `before` has stay. */
export function changesOf(before: Members, after: Members): JSONPatch {
  return changedNames(before, after).flatMap((name) => [
    // A test for null holds for what is absent.
    { op: 'test', path: pointer(name), value: before[name] ?? null },
    { op: 'replace', path: pointer(name), value: after[name] },
  ]);
}

function changedNames(before: Members, after: Members): string[] {
  return Object.keys(after).filter((name) => !same(before[name], after[name]));
}

/** RFC 6901. */
function pointer(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Members that both changed, each to something else: `before` is what the form was filled with, `now` what is there by now. */
export function conflictsOf(before: Members, now: Members, after: Members): readonly string[] {
  return changedNames(before, after).filter(
    (name) => !same(before[name], now[name]) && !same(now[name], after[name]),
  );
}

/**
 * What to compare with after a conflict was told: for what both changed, and what both changed alike, what is there now. What was not
 * touched keeps the form's own value, so that saving does not take the other's change back.
 */
export function rebased(before: Members, now: Members, after: Members): Members {
  const touched = changedNames(before, after);
  return { ...before, ...Object.fromEntries(touched.map((name) => [name, now[name]])) };
}
