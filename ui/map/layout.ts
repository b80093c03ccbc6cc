/**
 * Graph → scene. Each open group holds its members in rows, in the order of the tree; so a group looks the same on every visit, and what
 * changes in one moves nothing in another. The outermost boxes stay where they were (`places`), and give way only to one that grew. All of
 * it takes time in proportion to what is shown, which is bounded.
 */
import { limits } from '../../core/limits.ts';
import type { Containment } from '../model/containment.ts';
import type { LiveGraph } from '../model/live-graph.ts';
import { capturesOf, nameOf, stateOf, typeOf } from '../model/node-text.ts';
import { linesOf } from './lines.ts';
import { placeRoots, type Places, type Size } from './places.ts';
import type { Box, Scene } from './scene.ts';

export const LEAF_HEIGHT = 26;
const HEAD = 26;
const PAD = 8;
const GAP = 8;
const LEAF_WIDTH_MIN = 72;
const LEAF_WIDTH_MAX = 210;
const CHARACTER = 7.2;
/** Of a label: glyphs, and what stands around it. */
const AROUND_LABEL = 44;
/** Wider than high, as screens are. */
const SHAPE = 1.7;

interface Packed extends Size {
  readonly id: string;
  /** Undefined for a leaf and a closed group. */
  readonly members:
    | readonly { readonly packed: Packed; readonly x: number; readonly y: number }[]
    | undefined;
}

export interface LaidOut {
  readonly scene: Scene;
  /** Where the outermost boxes are now; to be given next time. */
  readonly places: Places;
}

export function layOut(
  { nodes, edges }: Pick<LiveGraph, 'nodes' | 'edges'>,
  containment: Containment,
  open: ReadonlySet<string>,
  before: Places,
): LaidOut {
  const { shown, isOpen } = choose(containment, open);
  const pack = (id: string): Packed => {
    const node = nodes.get(id);
    const label = node === undefined ? '' : nameOf(node);
    const width = Math.min(LEAF_WIDTH_MAX, Math.max(LEAF_WIDTH_MIN, label.length * CHARACTER + AROUND_LABEL));
    if (!isOpen.has(id)) return { id, width: Math.ceil(width), height: LEAF_HEIGHT, members: undefined };
    const { members, size } = inRows((containment.children.get(id) ?? []).map(pack));
    return {
      id,
      width: Math.ceil(Math.max(width, size.width + 2 * PAD)),
      height: HEAD + size.height + PAD,
      members: members.map(({ packed, x, y }) => ({ packed, x: x + PAD, y: y + HEAD })),
    };
  };
  const roots = shown.map(pack);
  const places = placeRoots(roots, before);
  const boxes: Box[] = [];
  const add = ({ id, width, height, members }: Packed, x: number, y: number, level: number): void => {
    const node = nodes.get(id);
    if (node === undefined) return;
    boxes.push({
      id,
      x,
      y,
      width,
      height,
      level,
      label: nameOf(node),
      kind: typeOf(node),
      state: stateOf(node),
      isCaptured: capturesOf(node).length > 0,
      isOpen: members !== undefined,
      inside: containment.children.get(id)?.length ?? 0,
    });
    for (const member of members ?? []) add(member.packed, x + member.x, y + member.y, level + 1);
  };
  for (const root of roots) {
    const { x, y } = places.get(root.id)!;
    add(root, x, y, 0);
  }
  const { lines, linesHidden } = linesOf(edges, boxes, containment);
  return {
    places,
    scene: {
      boxes,
      lines,
      linesHidden,
      boxesHidden: containment.roots.length - shown.length,
      width: Math.max(0, ...[...places.values()].map(({ x, width }) => x + width)),
      height: Math.max(0, ...[...places.values()].map(({ y, height }) => y + height)),
    },
  };
}

/** Which boxes there are: the outermost first, then what is in open groups, level by level, until the bound is reached. */
function choose(
  { roots, children }: Containment,
  open: ReadonlySet<string>,
): { readonly shown: readonly string[]; readonly isOpen: ReadonlySet<string> } {
  const shown = roots.slice(0, limits.pageMapBoxesMax);
  const isOpen = new Set<string>();
  let left = limits.pageMapBoxesMax - shown.length;
  const queue = [...shown];
  for (const id of queue) {
    const members = children.get(id);
    if (members === undefined || !open.has(id) || members.length > left) continue;
    left -= members.length;
    isOpen.add(id);
    queue.push(...members);
  }
  return { shown, isOpen };
}

/** Rows from left to right, each as high as its highest. */
function inRows(all: readonly Packed[]): {
  readonly members: { packed: Packed; x: number; y: number }[];
  readonly size: Size;
} {
  const area = all.reduce((sum, { width, height }) => sum + (width + GAP) * (height + GAP), 0);
  const rowWidth = Math.max(Math.sqrt(area * SHAPE), ...all.map(({ width }) => width));
  const members: { packed: Packed; x: number; y: number }[] = [];
  let [x, y, rowHeight, widest] = [0, 0, 0, 0];
  for (const packed of all) {
    if (x > 0 && x + packed.width > rowWidth) {
      y += rowHeight + GAP;
      [x, rowHeight] = [0, 0];
    }
    members.push({ packed, x, y });
    widest = Math.max(widest, x + packed.width);
    rowHeight = Math.max(rowHeight, packed.height);
    x += packed.width + GAP;
  }
  return { members, size: { width: widest, height: y + rowHeight } };
}
