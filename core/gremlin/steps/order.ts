/** Sort of nodes and edges: stable, numbers before text, missing last; without a key by @CreatedAt (section 14.17). */
import type { GraphEdge, GraphNode } from '../../graph/element.ts';
import type { Step } from '../ast.ts';
import { elementReader } from '../element-fields.ts';
import { warnOfKeys } from '../key-warnings.ts';
import type { Run, Traversal } from '../state.ts';
import { compareSortKeys, sortKeyOf } from '../values.ts';

/** `descending` and key of a Sort step; the key is undefined when none was given. */
export function sortParameters(step: Step): { descending: boolean; key: string | undefined } {
  const [first, second] = step.params;
  const key = second ?? first;
  return {
    descending: first?.kind === 'word' && first.word === 'DESC',
    key: key?.kind === 'text' ? key.value : undefined,
  };
}

export function sortElements<Element extends GraphNode | GraphEdge>(
  run: Run,
  {
    on,
    elements,
    of,
  }: {
    readonly on: Traversal;
    readonly elements: readonly Element[];
    readonly of: 'node' | 'edge';
  },
  step: Step,
): readonly Element[] {
  const { descending, key } = sortParameters(step);
  const read = elementReader(key ?? '@CreatedAt', of);
  run.visit(step, elements.length);
  const sortable = elements.map((element) => ({ element, sortKey: sortKeyOf(read(element)) }));
  if (key !== undefined && sortable.every(({ sortKey: [rank] }) => rank === 2))
    warnOfKeys(run, on, [key], elements, of, step);
  return sortable
    .sort((a, b) => compareSortKeys(a.sortKey, b.sortKey, descending))
    .map(({ element }) => element);
}
