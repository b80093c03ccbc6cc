/**
 * Where the outermost boxes stand. A box keeps its place from one drawing, and one visit, to the next. One that came, or that stands in the
 * way of one that grew, goes to the nearest free place; one that somebody put somewhere (`isPinned`) goes only out of the way of another such.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place extends Size {
  readonly x: number;
  readonly y: number;
  readonly isPinned: boolean;
}

export type Places = ReadonlyMap<string, Place>;

const GAP = 32;
/** Beyond so many that need a place they are set in rows, since looking for free places takes their square. */
const SEARCHED_MAX = 60;
const SHAPE = 1.7;

export function placeRoots(roots: readonly (Size & { readonly id: string })[], before: Places): Places {
  const places = new Map<string, Place>();
  const without: (Size & { readonly id: string })[] = [];
  for (const root of inTurn(roots, before)) {
    const known = before.get(root.id);
    const { width, height } = root;
    const place = known && { x: known.x, y: known.y, width, height, isPinned: known.isPinned };
    if (place === undefined || hits(place, places.values())) without.push(root);
    else places.set(root.id, place);
  }
  if (without.length > SEARCHED_MAX) setInRows(without, places);
  else for (const root of without) places.set(root.id, freePlace(root, [...places.values()]));
  return places;
}

/** Those that may stay first: what was put there, what grew, then the rest. */
function inTurn<R extends Size & { readonly id: string }>(roots: readonly R[], before: Places): R[] {
  const turnOf = ({ id, width, height }: R): number => {
    const known = before.get(id);
    if (known === undefined) return 3;
    if (known.isPinned) return 0;
    return width > known.width || height > known.height ? 1 : 2;
  };
  return roots
    .map((root) => ({ root, turn: turnOf(root) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ root }) => root);
}

function hits(place: Omit<Place, 'isPinned'>, others: Iterable<Place>): boolean {
  for (const other of others) {
    if (
      place.x < other.x + other.width + GAP / 2 &&
      other.x < place.x + place.width + GAP / 2 &&
      place.y < other.y + other.height + GAP / 2 &&
      other.y < place.y + place.height + GAP / 2
    )
      return true;
  }
  return false;
}

/** Beside or below one that stands already, so that the whole stays small and wider than high. */
function freePlace({ width, height }: Size, taken: readonly Place[]): Place {
  const corners = [
    { x: 0, y: 0 },
    ...taken.flatMap((other) => [
      { x: other.x + other.width + GAP, y: other.y },
      { x: other.x, y: other.y + other.height + GAP },
    ]),
  ];
  const right = Math.max(0, ...taken.map((other) => other.x + other.width));
  const bottom = Math.max(0, ...taken.map((other) => other.y + other.height));
  let best: Place | undefined;
  let bestCost = Infinity;
  for (const { x, y } of corners) {
    const [w, h] = [Math.max(right, x + width), Math.max(bottom, y + height)];
    const cost = Math.max(w, h * SHAPE) * 1e6 + y * 1e3 + x;
    const place = { x, y, width, height, isPinned: false };
    if (cost >= bestCost || hits(place, taken)) continue;
    [best, bestCost] = [place, cost];
  }
  return best ?? { x: 0, y: bottom + GAP, width, height, isPinned: false };
}

/** Below everything that stands. */
function setInRows(roots: readonly (Size & { readonly id: string })[], places: Map<string, Place>): void {
  const area = roots.reduce((sum, { width, height }) => sum + (width + GAP) * (height + GAP), 0);
  const rowWidth = Math.max(Math.sqrt(area * SHAPE), ...roots.map(({ width }) => width));
  const bottom = Math.max(-GAP, ...[...places.values()].map(({ y, height }) => y + height));
  let [x, y, rowHeight] = [0, bottom + GAP, 0];
  for (const { id, width, height } of roots) {
    if (x > 0 && x + width > rowWidth) {
      y += rowHeight + GAP;
      [x, rowHeight] = [0, 0];
    }
    places.set(id, { x, y, width, height, isPinned: false });
    rowHeight = Math.max(rowHeight, height);
    x += width + GAP;
  }
}

const KEPT_MAX = 1_000;

/** As text for the browser's store. */
export function writePlaces(places: Places): string {
  const kept = [...places]
    .slice(0, KEPT_MAX)
    .map(([id, { x, y, width, height, isPinned }]) => [id, x, y, width, height, isPinned]);
  return JSON.stringify(kept);
}

/** Whatever was stored: what is no place is left out. */
export function readPlaces(text: string | null): Places {
  const places = new Map<string, Place>();
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? '[]');
  } catch {
    return places;
  }
  for (const entry of Array.isArray(kept) ? kept : []) {
    const [id, x, y, width, height, isPinned] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const isPlace = [x, y, width, height].every((value) => Number.isFinite(value));
    if (typeof id !== 'string' || !isPlace) continue;
    places.set(id, {
      x: x as number,
      y: y as number,
      width: width as number,
      height: height as number,
      isPinned: isPinned === true,
    });
  }
  return places;
}
