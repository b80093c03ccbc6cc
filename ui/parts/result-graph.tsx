/** The nodes and links of a result as a map of their own. A click chooses the node in the network's tree and map. */
import { useMemo, useState } from 'preact/hooks';
import { layOut } from '../map/layout.ts';
import type { Places } from '../map/places.ts';
import { containmentOf } from '../model/containment.ts';
import type { LiveGraph } from '../model/live-graph.ts';
import { graph } from '../state/live.ts';
import { reveal, selectedId } from '../state/view.ts';
import { MapCanvas } from './map-canvas.tsx';

const NO_LOADS = new Map();

export default function ResultGraph({ drawn }: { readonly drawn: Pick<LiveGraph, 'nodes' | 'edges'> }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [places, setPlaces] = useState<Places>(new Map());
  const containment = useMemo(() => containmentOf(drawn), [drawn]);
  const laid = useMemo(() => {
    const open = new Set([...containment.children.keys()].filter((id) => !closed.has(id)));
    return layOut(drawn, containment, open, places);
  }, [drawn, containment, closed, places]);
  const toggle = (id: string): void => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
  };
  const move = (id: string, x: number, y: number): void => {
    const place = laid.places.get(id);
    if (place !== undefined) setPlaces(new Map(laid.places).set(id, { ...place, x, y, isPinned: true }));
  };
  return (
    <MapCanvas
      label="The result as a graph. The table has its nodes in words."
      scene={laid.scene}
      look={{ selectedId: selectedId.value, marked: undefined, changes: undefined, loads: NO_LOADS }}
      events={{
        onSelect: (id) => {
          if (graph.nodes.has(id)) reveal(id);
        },
        onToggle: toggle,
        onMove: move,
      }}
    />
  );
}
