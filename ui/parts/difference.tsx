/** What differs between the two times that are compared: in words here, by signs in tree and map. */
import type { Edge, Node } from '../../core/api/operations.ts';
import { nameOf } from '../model/node-text.ts';
import { graph } from '../state/live.ts';
import { compared } from '../state/past.ts';
import { comparedTime, reveal } from '../state/view.ts';

const SHOWN_MAX = 200;

export function Comparison() {
  const now = compared.value;
  if (now === undefined) return null;
  const { beforeMs, afterMs, difference } = now;
  const { added, removed, changed, linksAdded, linksRemoved } = difference;
  return (
    <div class="since" role="group" aria-label="What differs">
      <div class="bar">
        <span role="status">
          From {new Date(beforeMs).toLocaleString()} to {new Date(afterMs).toLocaleString()}
        </span>
        <button type="button" onClick={() => (comparedTime.value = undefined)}>
          End comparing
        </button>
      </div>
      <List sign="+" title="came" entries={added.map((node) => ({ node, more: '' }))} />
      <List sign="−" title="went" entries={removed.map((node) => ({ node, more: '' }))} />
      <List
        sign="~"
        title="changed"
        entries={changed.map(({ node, keys }) => ({ node, more: keys.join(', ') }))}
      />
      <Links sign="+" title="links came" edges={linksAdded} />
      <Links sign="−" title="links went" edges={linksRemoved} />
    </div>
  );
}

function List({
  sign,
  title,
  entries,
}: {
  readonly sign: string;
  readonly title: string;
  readonly entries: readonly { readonly node: Node; readonly more: string }[];
}) {
  return (
    <details open={entries.length > 0 && entries.length <= 10}>
      <summary>
        {sign} {entries.length} {title}
      </summary>
      <ul>
        {entries.slice(0, SHOWN_MAX).map(({ node, more }) => (
          <li key={node.ID}>
            <button type="button" class="link" onClick={() => reveal(node.ID)}>
              {node.Host ?? ''} {nameOf(node)}
            </button>{' '}
            <span class="muted">{more}</span>
          </li>
        ))}
        <More count={entries.length - SHOWN_MAX} />
      </ul>
    </details>
  );
}

function Links({
  sign,
  title,
  edges,
}: {
  readonly sign: string;
  readonly title: string;
  readonly edges: readonly Edge[];
}) {
  const end = (id: string): string => {
    const node = graph.nodes.get(id);
    return node === undefined ? id : nameOf(node);
  };
  return (
    <details>
      <summary>
        {sign} {edges.length} {title}
      </summary>
      <ul>
        {edges.slice(0, SHOWN_MAX).map(({ ID, Parent, Child, Metadata }) => (
          <li key={ID}>
            {end(Parent)} – {end(Child)} <span class="muted">{relationOf(Metadata)}</span>
          </li>
        ))}
        <More count={edges.length - SHOWN_MAX} />
      </ul>
    </details>
  );
}

function relationOf({ RelationType: relation }: Edge['Metadata']): string {
  return typeof relation === 'string' ? relation : '';
}

function More({ count }: { readonly count: number }) {
  return count > 0 ? <li class="muted">and {count} more</li> : null;
}
