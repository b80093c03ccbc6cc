/** The map: what of the network is open in the tree, as boxes and lines. The tree has all of it in words. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { loadsOf, WIDTHS, type Widths } from '../map/loads.ts';
import { layOut } from '../map/layout.ts';
import { readPlaces, writePlaces, type Places } from '../map/places.ts';
import { wayUp } from '../model/containment.ts';
import { capturesOf } from '../model/node-text.ts';
import { containment, graph, graphVersion, shapeVersion } from '../state/live.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { compared } from '../state/past.ts';
import { markNothing, markProblem } from '../state/marking.ts';
import { found, highlighted, isNarrowed, openIds, selectedId, shown, toggle } from '../state/view.ts';
import { MapCanvas } from './map-canvas.tsx';

const PLACES = 'places';
const LINE_WIDTHS = 'lineWidths';
const WIDTH_TITLES: Readonly<Record<Widths, string>> = {
  alike: 'alike',
  bandwidth: 'by what goes over them',
  share: 'by how full they are',
};

/** As long as the page lives; the browser's store has them for the next visit. */
let places: Places = readPlaces(readKept(PLACES));

/** Drawn again when more than counters changed, or a capture came or went. */
function useScene() {
  const [moved, setMoved] = useState(0);
  void graphVersion.value;
  const captured = [...graph.nodes.values()].filter((node) => capturesOf(node).length > 0).length;
  const scene = useMemo(() => {
    const laid = layOut(graph, shown.value, openIds.value, places);
    // The places of those that are left out for a while are kept.
    if (laid.scene.boxes.length > 0 && !isNarrowed.value) places = laid.places;
    return laid.scene;
  }, [shapeVersion.value, shown.value, openIds.value, captured, moved]);
  const move = (id: string, x: number, y: number): void => {
    const place = places.get(id);
    if (place === undefined) return;
    places = new Map(places).set(id, { ...place, x, y, isPinned: true });
    setMoved((count) => count + 1);
  };
  const arrange = (): void => {
    places = new Map();
    setMoved((count) => count + 1);
  };
  useEffect(() => {
    if (scene.boxes.length > 0) writeKept(PLACES, writePlaces(places));
  }, [scene]);
  return { scene, move, arrange };
}

export default function NetworkMap() {
  const { scene, move, arrange } = useScene();
  const hits = highlighted.value ?? found.value?.ids;
  // What is in a closed group, the group stands for.
  const marked = useMemo(
    () => hits && new Set([...hits].flatMap((id) => wayUp(containment.value, id))),
    [hits, containment.value],
  );
  const [widths, setWidths] = useState<Widths>(
    () => WIDTHS.find((name) => name === readKept(LINE_WIDTHS)) ?? 'bandwidth',
  );
  const loads = useMemo(() => loadsOf(scene.lines, graph.nodes, widths), [scene, graphVersion.value, widths]);
  return (
    <MapCanvas
      label="Map of the network. The tree has the same in words."
      scene={scene}
      look={{ selectedId: selectedId.value, marked, changes: compared.value?.changes, loads }}
      events={{
        onSelect: (id) => (selectedId.value = id),
        onToggle: (id) => toggle(id, !openIds.value.has(id)),
        onMove: move,
      }}
      tools={
        <>
          <button type="button" onClick={arrange}>
            Arrange anew
          </button>
          <button type="button" onClick={() => (openIds.value = new Set(shown.value.children.keys()))}>
            Open all
          </button>
          <button type="button" onClick={() => (openIds.value = new Set())}>
            Close all
          </button>
          <Marked />
          <LineWidths widths={widths} setWidths={setWidths} />
          <Legend />
          <span role="alert" class="problem">
            {markProblem.value}
          </span>
        </>
      }
    />
  );
}

/** While nodes are lit: whether there are others. */
function Marked() {
  if (highlighted.value === undefined) return null;
  return (
    <>
      <label>
        <input
          type="checkbox"
          checked={isNarrowed.value}
          onChange={({ currentTarget }) => (isNarrowed.value = currentTarget.checked)}
        />{' '}
        Only the {highlighted.value.size} found
      </label>
      <button type="button" onClick={markNothing}>
        Show all nodes again
      </button>
    </>
  );
}

function LineWidths({
  widths,
  setWidths,
}: {
  readonly widths: Widths;
  readonly setWidths: (widths: Widths) => void;
}) {
  return (
    <label>
      Lines{' '}
      <select
        value={widths}
        onChange={({ currentTarget }) => {
          const chosen = WIDTHS.find((name) => name === currentTarget.value) ?? 'alike';
          writeKept(LINE_WIDTHS, chosen);
          setWidths(chosen);
        }}
      >
        {WIDTHS.map((name) => (
          <option key={name} value={name}>
            {WIDTH_TITLES[name]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Legend() {
  return (
    <span class="legend muted">
      <svg width="26" height="10" aria-hidden="true">
        <path class="line layer2" d="M0 5h26" />
      </svg>{' '}
      layer 2{' '}
      <svg width="26" height="10" aria-hidden="true">
        <path class="line underlay" d="M0 5h26" />
      </svg>{' '}
      underlay; what owns what is shown by boxes in boxes
    </span>
  );
}
