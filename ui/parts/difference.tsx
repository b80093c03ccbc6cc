/** What became of the network since the time that is shown. */
import { useState } from 'preact/hooks';
import type { Node } from '../../core/api/operations.ts';
import { differenceOf, type Difference } from '../model/graph-difference.ts';
import { nameOf } from '../model/node-text.ts';
import { graph, liveNodes } from '../state/live.ts';
import { highlighted } from '../state/view.ts';

const SHOWN_MAX = 200;

export function SinceThen() {
  const [difference, setDifference] = useState<Difference | undefined>();
  const compare = (): void => {
    const made = differenceOf(graph.nodes, liveNodes());
    setDifference(made);
    // What is new is not on the map of then.
    const ids = [...made.removed, ...made.changed.map(({ node }) => node)].map(({ ID }) => ID);
    highlighted.value = ids.length === 0 ? undefined : new Set(ids);
  };
  return (
    <>
      <button type="button" onClick={compare}>
        What changed since
      </button>
      {difference !== undefined && (
        <div class="since" role="status">
          <List title="came" nodes={difference.added} />
          <List title="went" nodes={difference.removed} />
          <List
            title="changed"
            nodes={difference.changed.map(({ node }) => node)}
            more={difference.changed.map(({ keys }) => keys.join(', '))}
          />
        </div>
      )}
    </>
  );
}

function List({
  title,
  nodes,
  more = [],
}: {
  readonly title: string;
  readonly nodes: readonly Node[];
  readonly more?: readonly string[];
}) {
  return (
    <details open={nodes.length > 0 && nodes.length <= 10}>
      <summary>
        {nodes.length} {title}
      </summary>
      <ul>
        {nodes.slice(0, SHOWN_MAX).map((node, at) => (
          <li key={node.ID}>
            {node.Host ?? ''} {nameOf(node)} <span class="muted">{more[at] ?? ''}</span>
          </li>
        ))}
        {nodes.length > SHOWN_MAX && <li class="muted">and {nodes.length - SHOWN_MAX} more</li>}
      </ul>
    </details>
  );
}
