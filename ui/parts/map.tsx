/**
 * The map: what of the network is open in the tree, as boxes and lines. By mouse: drag, wheel, click, double click; by keyboard, when it
 * has the focus: arrows, + and -, 0 for all. The tree has all of it in words.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MapRenderer } from '../map/scene.ts';
import { loadsOf, WIDTHS, type Widths } from '../map/loads.ts';
import { layOut } from '../map/layout.ts';
import { readPlaces, writePlaces, type Places } from '../map/places.ts';
import { SvgRenderer } from '../map/svg-renderer.ts';
import { wayUp } from '../model/containment.ts';
import { capturesOf } from '../model/node-text.ts';
import { containment, graph, graphVersion, shapeVersion } from '../state/live.ts';
import { readKept, writeKept } from '../state/kept.ts';
import { found, highlighted, openIds, selectedId, toggle } from '../state/view.ts';

const PLACES = 'places';
const LINE_WIDTHS = 'lineWidths';
const WIDTH_TITLES: Readonly<Record<Widths, string>> = {
  alike: 'alike',
  bandwidth: 'by what goes over them',
  share: 'by how full they are',
};
const PAN_PX = 60;
const ZOOM_STEP = 1.3;

const KEYS: Readonly<Record<string, (renderer: MapRenderer) => void>> = {
  ArrowLeft: (renderer) => renderer.pan(PAN_PX, 0),
  ArrowRight: (renderer) => renderer.pan(-PAN_PX, 0),
  ArrowUp: (renderer) => renderer.pan(0, PAN_PX),
  ArrowDown: (renderer) => renderer.pan(0, -PAN_PX),
  '+': (renderer) => renderer.zoom(ZOOM_STEP),
  '-': (renderer) => renderer.zoom(1 / ZOOM_STEP),
  '0': (renderer) => renderer.fit(),
};

/** As long as the page lives; the browser's store has them for the next visit. */
let places: Places = readPlaces(readKept(PLACES));

/** Drawn again when more than counters changed, or a capture came or went. */
function useScene() {
  const [moved, setMoved] = useState(0);
  void graphVersion.value;
  const captured = [...graph.nodes.values()].filter((node) => capturesOf(node).length > 0).length;
  const scene = useMemo(() => {
    const laid = layOut(graph, containment.value, openIds.value, places);
    if (laid.scene.boxes.length > 0) places = laid.places;
    return laid.scene;
  }, [shapeVersion.value, containment.value, openIds.value, captured, moved]);
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
  const parent = useRef<HTMLDivElement>(null);
  const renderer = useRef<MapRenderer | undefined>(undefined);
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
  const moveNow = useRef(move);
  moveNow.current = move;

  useEffect(() => {
    const made = new SvgRenderer(parent.current!, {
      onSelect: (id) => (selectedId.value = id),
      onToggle: (id) => toggle(id, !openIds.value.has(id)),
      onMove: (id, x, y) => moveNow.current(id, x, y),
    });
    renderer.current = made;
    return () => made.destroy();
  }, []);
  useEffect(
    () => renderer.current?.draw(scene, { selectedId: selectedId.value, marked, loads }),
    [scene, selectedId.value, marked, loads],
  );
  useEffect(() => renderer.current?.show(selectedId.value), [selectedId.value]);

  const say = (act: (renderer: MapRenderer) => void) => () => {
    if (renderer.current !== undefined) act(renderer.current);
  };
  return (
    <div class="map-pane">
      <div class="bar">
        <button type="button" aria-label="Zoom in" onClick={say(KEYS['+']!)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={say(KEYS['-']!)}>
          −
        </button>
        <button type="button" onClick={say(KEYS['0']!)}>
          Show all
        </button>
        <button type="button" onClick={arrange}>
          Arrange anew
        </button>
        <button type="button" onClick={() => (openIds.value = new Set(containment.value.children.keys()))}>
          Open all
        </button>
        <button type="button" onClick={() => (openIds.value = new Set())}>
          Close all
        </button>
        <LineWidths widths={widths} setWidths={setWidths} />
        <Legend />
        <span class="muted" role="status">
          {hiddenText(scene.boxesHidden, scene.linesHidden)}
        </span>
      </div>
      <div
        class="map-canvas"
        ref={parent}
        tabIndex={0}
        role="group"
        aria-label="Map of the network. Arrow keys move it, plus and minus zoom, 0 shows all. The tree has the same in words."
        onKeyDown={(event) => {
          const act = KEYS[event.key];
          if (act === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
          event.preventDefault();
          say(act)();
        }}
      />
    </div>
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

function hiddenText(boxes: number, lines: number): string {
  const parts: string[] = [];
  if (boxes > 0) parts.push(`${boxes} more hosts have no place here: search for them`);
  if (lines > 0) parts.push(`${lines} more links`);
  return parts.join(' · ');
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
