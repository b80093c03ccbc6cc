/**
 * Draws a scene as SVG: an element a box and a line, kept by id, so that what did not change is not touched. Panning and zooming move one
 * group (d3-zoom). Measured against canvas and WebGL without a GPU it is the fastest at the size that the map is bounded to.
 */
import { select, type Selection } from 'd3-selection';
import { zoom as zoomBehaviour, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3-zoom';
import { CHANGE_SIGNS } from '../model/graph-difference.ts';
import type { LineLoad, Box, Look, MapEvents, MapRenderer, Scene } from './scene.ts';

const NS = 'http://www.w3.org/2000/svg';
const SCALE_MIN = 0.03;
const SCALE_MAX = 4;
const MARGIN = 24;
/** Nearer than that a press is a click. */
const DRAG_PX = 4;
const LABEL_CHARS_MAX = 24;

interface Drawn {
  readonly group: SVGGElement;
  readonly frame: SVGRectElement;
  readonly label: SVGTextElement;
  readonly glyph: SVGPathElement;
  readonly twist: SVGTextElement;
  box: Box | undefined;
}

function make<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  className = '',
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(NS, name);
  if (className !== '') element.setAttribute('class', className);
  return element;
}

export class SvgRenderer implements MapRenderer {
  readonly #events: MapEvents;
  readonly #svg = make('svg', 'map');
  readonly #world = make('g');
  readonly #lineLayer = make('g', 'lines');
  readonly #levels: SVGGElement[] = [];
  readonly #boxes = new Map<string, Drawn>();
  readonly #lines = new Map<string, SVGPathElement>();
  readonly #loads = new Map<string, SVGTextElement>();
  readonly #selection: Selection<SVGSVGElement, unknown, null, undefined>;
  readonly #zoom: ZoomBehavior<SVGSVGElement, unknown>;
  #scene: Scene | undefined;
  #isDragging = false;

  constructor(parent: HTMLElement, events: MapEvents) {
    this.#events = events;
    // The tree beside it has the same for those who cannot see it.
    this.#svg.setAttribute('aria-hidden', 'true');
    this.#world.append(this.#lineLayer);
    this.#svg.append(this.#world);
    parent.append(this.#svg);
    this.#selection = select(this.#svg);
    this.#zoom = zoomBehaviour<SVGSVGElement, unknown>()
      .scaleExtent([SCALE_MIN, SCALE_MAX])
      .filter((event: Event) => !this.#isDragging && !(event instanceof MouseEvent && event.button > 0))
      .on('zoom', ({ transform }: D3ZoomEvent<SVGSVGElement, unknown>) =>
        this.#world.setAttribute('transform', transform.toString()),
      );
    this.#selection.call(this.#zoom).on('dblclick.zoom', null);
  }

  draw(scene: Scene, look: Look): void {
    const isFirst = this.#scene === undefined || this.#scene.boxes.length === 0;
    this.#scene = scene;
    const seen = new Set<string>();
    for (const box of scene.boxes) {
      seen.add(box.id);
      this.#drawBox(box, look);
    }
    for (const [id, { group }] of this.#boxes) {
      if (seen.has(id)) continue;
      group.remove();
      this.#boxes.delete(id);
    }
    this.#drawLines(scene, look);
    if (isFirst && scene.boxes.length > 0) this.fit();
  }

  show(id: string): void {
    const box = this.#boxes.get(id)?.box;
    if (box === undefined) return;
    const { k, x, y } = this.#transform();
    const { width, height } = this.#size();
    const [left, top] = [box.x * k + x, box.y * k + y];
    const isSeen =
      left >= 0 && top >= 0 && left + box.width * k <= width && top + LABEL_CHARS_MAX * k <= height;
    if (!isSeen) this.#zoom.translateTo(this.#selection, box.x + box.width / 2, box.y + 13);
  }

  fit(): void {
    const { width, height } = this.#size();
    const scene = this.#scene;
    if (scene === undefined || scene.width === 0 || width === 0) return;
    const [left, top] = [
      Math.min(...scene.boxes.map(({ x }) => x)),
      Math.min(...scene.boxes.map(({ y }) => y)),
    ];
    const scale = Math.min(
      1.25,
      (width - 2 * MARGIN) / (scene.width - left),
      (height - 2 * MARGIN) / (scene.height - top),
    );
    const k = Math.max(SCALE_MIN, scale);
    const shift = zoomIdentity
      .translate(
        (width - (scene.width - left) * k) / 2 - left * k,
        (height - (scene.height - top) * k) / 2 - top * k,
      )
      .scale(k);
    this.#zoom.transform(this.#selection, shift);
  }

  zoom(factor: number): void {
    this.#zoom.scaleBy(this.#selection, factor);
  }

  pan(dx: number, dy: number): void {
    const { k } = this.#transform();
    this.#zoom.translateBy(this.#selection, dx / k, dy / k);
  }

  destroy(): void {
    this.#selection.on('.zoom', null);
    this.#svg.remove();
  }

  #transform(): { k: number; x: number; y: number } {
    const { __zoom: now = zoomIdentity } = this.#svg as unknown as { __zoom?: typeof zoomIdentity };
    return now;
  }

  #size(): { width: number; height: number } {
    return { width: this.#svg.clientWidth, height: this.#svg.clientHeight };
  }

  #drawBox(box: Box, { selectedId, marked, changes }: Look): void {
    const drawn = this.#boxes.get(box.id) ?? this.#newBox(box.id);
    const { group, frame, label, glyph, twist } = drawn;
    const isDim = marked !== undefined && !marked.has(box.id);
    const change = changes?.get(box.id);
    group.setAttribute(
      'class',
      `box kind-${box.kind.replaceAll(/[^\w-]/g, '_')} ${box.isOpen ? 'open' : 'leaf'}${box.id === selectedId ? ' selected' : ''}${isDim ? ' dim' : ''}${box.isCaptured ? ' captured' : ''} ${change ?? ''}`,
    );
    const sign = change === undefined ? '' : CHANGE_SIGNS[change];
    // A leaf has room for the sign where groups have what opens them; those are as wide as what they hold.
    const text = sign === '' || box.inside === 0 ? labelOf(box) : `${sign} ${labelOf(box)}`;
    if (label.textContent !== text) label.textContent = text;
    const opener = box.inside === 0 ? sign : box.isOpen ? '▾' : '▸';
    if (twist.textContent !== opener) twist.textContent = opener;
    const before = drawn.box;
    if (before === box) return;
    drawn.box = box;
    if (before?.level !== box.level) this.#layer(box.level).append(group);
    if (before?.x !== box.x || before.y !== box.y)
      group.style.transform = `translate(${box.x}px, ${box.y}px)`;
    frame.setAttribute('width', String(box.width));
    frame.setAttribute('height', String(box.height));
    label.setAttribute('x', box.state === 'none' ? '22' : '34');
    glyph.setAttribute('d', GLYPHS[box.state]);
    glyph.setAttribute('class', `glyph ${box.state}`);
  }

  #newBox(id: string): Drawn {
    const drawn: Drawn = {
      group: make('g'),
      frame: make('rect'),
      label: make('text', 'label'),
      glyph: make('path'),
      twist: make('text', 'twist'),
      box: undefined,
    };
    const { group, frame, label, glyph, twist } = drawn;
    frame.setAttribute('rx', '5');
    label.setAttribute('y', '17');
    twist.setAttribute('x', '7');
    twist.setAttribute('y', '17');
    group.append(frame, glyph, twist, label);
    group.addEventListener('pointerdown', (event) => this.#press(event, id));
    group.addEventListener('dblclick', (event) => {
      event.stopPropagation();
      this.#events.onToggle(id);
    });
    twist.addEventListener('click', (event) => {
      event.stopPropagation();
      this.#events.onToggle(id);
    });
    group.addEventListener('click', (event) => {
      event.stopPropagation();
      this.#events.onSelect(id);
    });
    this.#boxes.set(id, drawn);
    return drawn;
  }

  /** An outermost box can be put elsewhere; what it holds goes along when it is drawn again. */
  #press(start: PointerEvent, id: string): void {
    const box = this.#boxes.get(id)?.box;
    if (box === undefined || box.level > 0 || start.button !== 0) return;
    this.#isDragging = true;
    const { k } = this.#transform();
    let isMoved = false;
    const move = (event: PointerEvent): void => {
      const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
      if (!isMoved && Math.hypot(dx, dy) < DRAG_PX) return;
      isMoved = true;
      this.#events.onMove(id, Math.round(box.x + dx / k), Math.round(box.y + dy / k));
    };
    const end = (): void => {
      this.#isDragging = false;
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', end);
      removeEventListener('pointercancel', end);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', end);
    addEventListener('pointercancel', end);
  }

  #drawLines({ lines }: Scene, { selectedId, marked, loads }: Look): void {
    const seen = new Set<string>();
    for (const { id, kind, from, to, path } of lines) {
      seen.add(id);
      let drawn = this.#lines.get(id);
      if (drawn === undefined) {
        drawn = make('path');
        this.#lines.set(id, drawn);
        this.#lineLayer.append(drawn);
      }
      const isOf = from === selectedId || to === selectedId;
      const isDim = marked !== undefined && !(marked.has(from) && marked.has(to));
      drawn.setAttribute('class', `line ${kind}${isOf ? ' selected' : ''}${isDim ? ' dim' : ''}`);
      if (drawn.getAttribute('d') !== path) drawn.setAttribute('d', path);
      this.#drawLoad(id, drawn, loads.get(id));
    }
    for (const [id, drawn] of this.#lines) {
      if (seen.has(id)) continue;
      drawn.remove();
      this.#lines.delete(id);
      this.#drawLoad(id, drawn, undefined);
    }
  }

  /** Its width, and how much it is in the middle of the line. */
  #drawLoad(id: string, line: SVGPathElement, load: LineLoad | undefined): void {
    line.style.strokeWidth = load === undefined ? '' : `${load.width}px`;
    let label = this.#loads.get(id);
    if (load === undefined) {
      label?.remove();
      this.#loads.delete(id);
      return;
    }
    if (label === undefined) {
      label = make('text', 'load');
      this.#loads.set(id, label);
      this.#lineLayer.append(label);
    }
    const { x, y } = line.getPointAtLength(line.getTotalLength() / 2);
    label.setAttribute('x', String(x));
    label.setAttribute('y', String(y));
    if (label.textContent !== load.text) label.textContent = load.text;
  }

  /** What is inside is drawn over what is around it, and lines over all. */
  #layer(level: number): SVGGElement {
    while (this.#levels.length <= level) {
      const layer = make('g');
      this.#levels.push(layer);
      this.#lineLayer.before(layer);
    }
    return this.#levels[level]!;
  }
}

/** A round that is full for up, an open square for down: not by colour alone. */
const GLYPHS = {
  up: 'M18 13a5 5 0 1 0 10 0a5 5 0 1 0 -10 0',
  down: 'M18.5 8.5h9v9h-9z',
  none: '',
} as const;

function labelOf({ label, inside, isOpen }: Box): string {
  const short = label.length > LABEL_CHARS_MAX ? `${label.slice(0, LABEL_CHARS_MAX - 1)}…` : label;
  return inside > 0 && !isOpen ? `${short} +${inside}` : short;
}
