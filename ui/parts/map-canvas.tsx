/**
 * A scene on the screen, with what moves it: by mouse drag, wheel, click and double click; by keyboard, when it has the focus, arrows, + and
 * -, 0 for all.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Look, MapEvents, MapRenderer, Scene } from '../map/scene.ts';
import { SvgRenderer } from '../map/svg-renderer.ts';

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

/** `tools` stand beside the buttons that zoom. */
export function MapCanvas({
  scene,
  look,
  events,
  label,
  tools,
}: {
  readonly scene: Scene;
  readonly look: Look;
  readonly events: MapEvents;
  readonly label: string;
  readonly tools?: ComponentChildren;
}) {
  const parent = useRef<HTMLDivElement>(null);
  const renderer = useRef<MapRenderer | undefined>(undefined);
  const eventsNow = useRef(events);
  eventsNow.current = events;
  useEffect(() => {
    const made = new SvgRenderer(parent.current!, {
      onSelect: (id) => eventsNow.current.onSelect(id),
      onToggle: (id) => eventsNow.current.onToggle(id),
      onMove: (id, x, y) => eventsNow.current.onMove(id, x, y),
    });
    renderer.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => renderer.current?.draw(scene, look), [scene, ...Object.values(look)]);
  useEffect(() => renderer.current?.show(look.selectedId), [look.selectedId]);

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
        {tools}
        <span class="muted" role="status">
          {hiddenText(scene.boxesHidden, scene.linesHidden)}
        </span>
      </div>
      <div
        class="map-canvas"
        ref={parent}
        tabIndex={0}
        role="group"
        aria-label={`${label} Arrow keys move it, plus and minus zoom, 0 shows all.`}
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

function hiddenText(boxes: number, lines: number): string {
  const parts: string[] = [];
  if (boxes > 0) parts.push(`${boxes} more have no place here: search for them`);
  if (lines > 0) parts.push(`${lines} more links`);
  return parts.join(' · ');
}
