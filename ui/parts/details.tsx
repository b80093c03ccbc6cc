/** The selected node: what it is, its addresses, what can be done with it, and all of its metadata. */
import { useState } from 'preact/hooks';
import type { Node } from '../../core/api/operations.ts';
import {
  addressesOf,
  capturesOf,
  macOf,
  nameOf,
  queryOf,
  mtuOf,
  stateOf,
  textOf,
  typeOf,
} from '../model/node-text.ts';
import { wayUp } from '../model/containment.ts';
import { containment, graph } from '../state/live.ts';
import { isOnlySelected, panel, queryText, reveal, selected, selectedId } from '../state/view.ts';
import { CaptureHere } from './capture-here.tsx';
import { Lazy } from './lazy.tsx';
import { MetadataTree } from './metadata-tree.tsx';

export function Details() {
  const node = selected.value;
  return (
    <aside class="details" aria-label="Details" tabIndex={0}>
      {node === undefined ? <Nothing /> : <NodeDetails key={node.ID} node={node} />}
    </aside>
  );
}

function Nothing() {
  return (
    <p class="muted">
      {selectedId.value === ''
        ? 'Choose a node in the tree or on the map: here stands what it is.'
        : 'The node of this link is not there (any more).'}
    </p>
  );
}

function NodeDetails({ node }: { readonly node: Node }) {
  const above = wayUp(containment.value, node.ID).slice(1).toReversed();
  const facts: [string, string][] = [
    ['Host', node.Host],
    ['State', stateOf(node) === 'none' ? '' : textOf(node, 'State')],
    ['MAC', macOf(node)],
    ['MTU', mtuOf(node)],
    ['Addresses', addressesOf(node).join(', ')],
  ];
  return (
    <>
      {above.length > 0 && (
        <p class="way">
          {above.map((id) => (
            <button key={id} type="button" class="link" onClick={() => reveal(id)}>
              {nameOf(graph.nodes.get(id)!)}
            </button>
          ))}
        </p>
      )}
      <h2>
        {nameOf(node)} <small>{typeOf(node)}</small>
      </h2>
      <dl>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <CaptureHere node={node} />
      <Running node={node} />
      <Lazy what="The chart" load={() => import('./chart.tsx')} />
      <p class="actions">
        <CopyQuery node={node} />
        <button
          type="button"
          onClick={() => {
            isOnlySelected.value = true;
            panel.value = 'flows';
          }}
        >
          Show its flows
        </button>
        <button
          type="button"
          onClick={() => {
            queryText.value = `${queryOf(node)}.Both()`;
            panel.value = 'query';
          }}
        >
          Ask for its neighbours
        </button>
      </p>
      <h3>Metadata</h3>
      <MetadataTree value={node.Metadata} />
    </>
  );
}

/** The captures that run on it, with what they count. */
function Running({ node }: { readonly node: Node }) {
  const captures = capturesOf(node);
  if (captures.length === 0) return null;
  return (
    <ul class="running">
      {captures.map((capture) => (
        <li key={capture.ID} class={capture.State}>
          {capture.State === 'error'
            ? `Capture failed: ${capture.Error ?? 'no reason given'}`
            : `Captured${capture.Type === undefined ? '' : ` by ${capture.Type}`}: ${capture.PacketsReceived} packets, ${
                capture.PacketsDropped + capture.PacketsIfDropped
              } lost`}
        </li>
      ))}
    </ul>
  );
}

function CopyQuery({ node }: { readonly node: Node }) {
  const [said, setSaid] = useState('Copy as Gremlin');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(queryOf(node));
      setSaid('Copied');
    } catch {
      // No clipboard without TLS: it can be copied from the query box.
      queryText.value = queryOf(node);
      panel.value = 'query';
    }
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {said}
    </button>
  );
}
