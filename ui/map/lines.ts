/**
 * The links between boxes. What the boxes show already is not drawn: ownership, and a bridge's links with the ports that it holds. A link
 * into a closed group ends at the group, and several between the same two are one line.
 */
import type { Edge } from '../../core/api/operations.ts';
import { limits } from '../../core/limits.ts';
import { wayUp, type Containment } from '../model/containment.ts';
import type { Box, Line, LineKind } from './scene.ts';

export function linesOf(
  edges: ReadonlyMap<string, Edge>,
  boxes: readonly Box[],
  containment: Containment,
): { readonly lines: readonly Line[]; readonly linesHidden: number } {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const visible = (id: string): string | undefined => wayUp(containment, id).find((at) => byId.has(at));
  const lines = new Map<string, Line>();
  let linesHidden = 0;
  for (const { Parent: parent, Child: child, Metadata: metadata } of edges.values()) {
    const relation = metadata['RelationType'];
    if (relation === 'ownership') continue;
    const [from, to] = [visible(parent), visible(child)];
    if (from === undefined || to === undefined || from === to) continue;
    if (isWithin(from, to, containment) || isWithin(to, from, containment)) continue;
    const kind: LineKind = relation === 'layer2' || relation === 'underlay' ? relation : 'other';
    const [first, second] = from < to ? [from, to] : [to, from];
    const id = `${kind} ${first} ${second}`;
    if (lines.has(id)) continue;
    if (lines.size === limits.pageMapLinesMax) linesHidden++;
    else lines.set(id, { id, kind, from, to, path: pathBetween(byId.get(first)!, byId.get(second)!) });
  }
  return { lines: [...lines.values()], linesHidden };
}

function isWithin(inner: string, outer: string, containment: Containment): boolean {
  return wayUp(containment, inner).includes(outer);
}

/** From side to side where there is room between, else from edge to edge. */
function pathBetween(a: Box, b: Box): string {
  const [left, right] = a.x <= b.x ? [a, b] : [b, a];
  const gap = right.x - (left.x + left.width);
  const at = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  if (gap > 0) {
    const [x1, y1] = [left.x + left.width, at(left).y];
    const [x2, y2] = [right.x, at(right).y];
    const bend = Math.max(12, gap / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  const [top, bottom] = a.y <= b.y ? [a, b] : [b, a];
  const [x1, y1] = [at(top).x, top.y + top.height];
  const [x2, y2] = [at(bottom).x, bottom.y];
  const bend = Math.max(12, (y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}
