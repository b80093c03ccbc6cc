/**
 * A query whose nodes are lit in tree and map for as long as one looks: it is asked again when the network became another, so that what
 * comes is lit as well.
 */
import { batch, effect, signal } from '@preact/signals';
import { messageOf } from '../../core/errors.ts';
import { ask } from '../link/api.ts';
import { nodeIdsOf } from '../model/query-result.ts';
import { isLoaded, shapeVersion } from './live.ts';
import { pastMs } from './past.ts';
import { highlighted, isNarrowed, markQuery } from './view.ts';

const AGAIN_MS = 2_000;
const HAS_TIME = /^\s*G\s*\.\s*(?:At|Context)\b/i;

/** Why the query is not asked any more; '' while it is. */
export const markProblem = signal('');

/** What the query gave last. Whoever lights other nodes ends it. */
let lit: ReadonlySet<string> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Lights the nodes of an answer, and keeps asking; an answer without nodes lights nothing. */
export function markBy(query: string, result: unknown): void {
  const ids = nodeIdsOf(result);
  lit = ids.size === 0 ? undefined : ids;
  batch(() => {
    markProblem.value = '';
    highlighted.value = lit;
    markQuery.value = lit === undefined ? '' : query;
  });
}

export function markNothing(): void {
  batch(() => {
    highlighted.value = lit = undefined;
    markQuery.value = '';
    isNarrowed.value = false;
  });
}

/** In the time that is shown, unless the query names one. */
function at(query: string): string {
  const ms = pastMs.value;
  return ms === undefined || HAS_TIME.test(query) ? query : query.replace(/^\s*G\b/, `G.At(${ms})`);
}

async function again(): Promise<void> {
  const query = markQuery.value;
  if (query === '') return;
  if (highlighted.peek() !== lit) {
    markQuery.value = '';
    return;
  }
  try {
    const ids = nodeIdsOf(await ask('POST /api/topology', { body: { GremlinQuery: at(query) } }));
    if (markQuery.value !== query || highlighted.peek() !== lit) return;
    highlighted.value = lit = ids;
  } catch (error) {
    markProblem.value = `What is lit is no longer looked for: ${messageOf(error)}`;
    markQuery.value = '';
  }
}

effect(() => {
  void shapeVersion.value;
  if (markQuery.value === '' || !isLoaded.value) return;
  // One that came with the address has nothing yet.
  timer ??= setTimeout(
    () => {
      timer = undefined;
      void again();
    },
    lit === undefined ? 0 : AGAIN_MS,
  );
});
