/**
 * What the map shows, as data: boxes in boxes, and lines between them. Whoever draws it is a MapRenderer; nothing here or in the page
 * knows how.
 */
import type { Change } from '../model/graph-difference.ts';
import type { NodeState } from '../model/node-text.ts';

export interface Box {
  readonly id: string;
  /** px on the map, from its own origin; the outermost boxes have level 0. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly level: number;
  readonly label: string;
  /** The node's Type. */
  readonly kind: string;
  readonly state: NodeState;
  readonly isCaptured: boolean;
  readonly isOpen: boolean;
  /** How many boxes it holds when it is open; 0 for what holds nothing. */
  readonly inside: number;
}

export type LineKind = 'layer2' | 'underlay' | 'other';

export interface Line {
  readonly id: string;
  readonly kind: LineKind;
  /** Ids of the boxes that it joins. */
  readonly from: string;
  readonly to: string;
  /** As the `d` of an SVG path. */
  readonly path: string;
}

export interface Scene {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
  /** Nodes and links that there was no place for. */
  readonly boxesHidden: number;
  readonly linesHidden: number;
}

/** What goes over a line. */
export interface LineLoad {
  /** px */
  readonly width: number;
  readonly text: string;
}

/** What does not move anything. */
export interface Look {
  readonly selectedId: string;
  /** Everything else is dimmed; undefined for nothing dimmed. */
  readonly marked: ReadonlySet<string> | undefined;
  /** What became of boxes between two times, by id; undefined while none are compared. */
  readonly changes: ReadonlyMap<string, Change> | undefined;
  /** By id of the line; of others nothing is said. */
  readonly loads: ReadonlyMap<string, LineLoad>;
}

export interface MapEvents {
  readonly onSelect: (id: string) => void;
  /** Somebody opens or closes a group. */
  readonly onToggle: (id: string) => void;
  /** An outermost box was dragged to a new place. */
  readonly onMove: (id: string, x: number, y: number) => void;
}

export interface MapRenderer {
  draw(scene: Scene, look: Look): void;
  /** Brings a box into sight if it is not. */
  show(id: string): void;
  /** The whole of it. */
  fit(): void;
  zoom(factor: number): void;
  /** px on the screen. */
  pan(dx: number, dy: number): void;
  destroy(): void;
}
