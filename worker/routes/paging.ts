/**
 * `?limit=&after=` on lists: a page of what a list has, in the order of its ids. The next page begins behind the id that
 * X-Edgedive-Next says; without it there is none. Without parameters a list is whole, as in the reference.
 */
import { limits } from '../../core/limits.ts';
import type { AppContext } from '../app.ts';
import { ApiError } from '../errors.ts';

export interface Page {
  readonly limit: number;
  readonly after: string;
}

export const NEXT_HEADER = 'X-Edgedive-Next';

/** Undefined when the whole list is asked for. Throws ApiError. */
export function pageOf(c: AppContext): Page | undefined {
  const limit = c.req.query('limit');
  const after = c.req.query('after');
  if (limit === undefined && after === undefined) return undefined;
  const count = Number(limit ?? limits.pageMax);
  if (!Number.isSafeInteger(count) || count < 1 || count > limits.pageMax)
    throw new ApiError('invalidPage', `limit: expected a whole number from 1 to ${limits.pageMax}`);
  return { limit: count, after: after ?? '' };
}

/** The entries of the page, and the id behind which the next one begins. */
export function paged<T>(
  list: Readonly<Record<string, T>>,
  { limit, after }: Page,
): { readonly entries: Record<string, T>; readonly next: string | undefined } {
  const ids = Object.keys(list)
    .filter((id) => id > after)
    .sort();
  const shown = ids.slice(0, limit);
  return {
    entries: Object.fromEntries(shown.map((id) => [id, list[id]!])),
    next: ids.length > limit ? shown.at(-1) : undefined,
  };
}
