/** What is wrong with a query, and where. */
import type { Refused } from '../link/api.ts';

export interface Mistake {
  readonly text: string;
  /** In the query; undefined where there is no one place. */
  readonly offset: number | undefined;
}

/** Where the mistake is stands in the hint. */
export function refusalOf({ message, hint }: Refused): Mistake {
  const [, at] = /^at (\d+)/.exec(hint) ?? [];
  const said = [message, hint].filter((part) => part !== '').join(': ');
  return { text: said, offset: at === undefined ? undefined : Number(at) };
}

/** What the analyzer would say to it, found here by the same reader. */
export async function mistakeOf(text: string): Promise<Mistake | undefined> {
  if (text.trim() === '') return undefined;
  const reader = await Promise.all([
    import('../../core/gremlin/parser.ts'),
    import('../../core/gremlin/errors.ts'),
  ]).catch(() => undefined);
  // Without it the analyzer says what is wrong, when it is asked.
  if (reader === undefined) return undefined;
  const [{ parseQuery }, { GremlinError }] = reader;
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof GremlinError)) throw error;
    return {
      text: [error.message, error.hint].filter((part) => part !== '').join(': '),
      offset: error.offset,
    };
  }
}
