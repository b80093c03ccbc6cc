/** What goes over the lines of the map: as much as the busier of the two interfaces at their ends has counted. */
import type { Node } from '../../core/api/operations.ts';
import { bandwidthOf, bitsText, type Bandwidth } from '../model/bandwidth.ts';
import type { Line, LineLoad } from './scene.ts';

export const WIDTHS = ['alike', 'bandwidth', 'share'] as const;
/** By what lines are wide: not at all, by what goes over them, or by how much of what could. */
export type Widths = (typeof WIDTHS)[number];

const WIDTH_PX_MIN = 1.5;
const WIDTH_PX_MAX = 9;
/** A kilobit a second is as thin as nothing, ten gigabits as wide as can be. */
const DECADES = 7;

/** Only of lines over which something goes. A line into a closed group has none: several links may be one line. */
export function loadsOf(
  lines: readonly Line[],
  nodes: ReadonlyMap<string, Node>,
  widths: Widths,
): ReadonlyMap<string, LineLoad> {
  const loads = new Map<string, LineLoad>();
  if (widths === 'alike') return loads;
  for (const { id, from, to } of lines) {
    const ends = [from, to].flatMap((end) => bandwidthOfId(nodes, end) ?? []);
    const [busier] = ends.toSorted((a, b) => b.bitsPerSecond - a.bitsPerSecond);
    if (busier === undefined || busier.bitsPerSecond === 0) continue;
    if (widths === 'share' && busier.share === undefined) continue;
    loads.set(id, { width: widthOf(busier, widths), text: textOf(busier, widths) });
  }
  return loads;
}

function bandwidthOfId(nodes: ReadonlyMap<string, Node>, id: string): Bandwidth | undefined {
  const node = nodes.get(id);
  return node === undefined ? undefined : bandwidthOf(node);
}

function widthOf({ bitsPerSecond, share = 0 }: Bandwidth, widths: Widths): number {
  const part = widths === 'share' ? share : Math.log10(Math.max(1, bitsPerSecond / 1_000)) / DECADES;
  return WIDTH_PX_MIN + (WIDTH_PX_MAX - WIDTH_PX_MIN) * Math.min(1, part);
}

function textOf({ bitsPerSecond, share = 0 }: Bandwidth, widths: Widths): string {
  return widths === 'share' ? `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %` : bitsText(bitsPerSecond);
}
