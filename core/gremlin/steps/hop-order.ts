/**
 * In which order a flow crossed the interfaces where it was captured. Times do not tell: they are milliseconds, by the
 * clocks of different hosts. The graph does: what is near A along layer2 edges comes first, what is near B comes
 * last, and only what neither end reaches lies between them by time.
 */
import { addressesOf } from '../../graph/addresses.ts';
import type { GraphNode } from '../../graph/element.ts';
import type { GraphView } from '../../graph/view.ts';
import type { Step } from '../ast.ts';
import type { Run, Traversal } from '../state.ts';

/** What of a flow tells where it was captured and where it goes. */
export interface Crossing {
  readonly tid: string | undefined;
  /** MAC addresses of the ends. */
  readonly a: string | undefined;
  readonly b: string | undefined;
  /** Their network addresses. */
  readonly addressA: string | undefined;
  readonly addressB: string | undefined;
  readonly tracking: string | undefined;
  readonly l3Tracking: string | undefined;
  /** ms since 1970. */
  readonly start: number;
}

/** Edges looked at for the sake of order in one query; beyond it the rest is in the order of time. */
const VISITS_MAX = 500_000;

/**
 * The same flows, those of one conversation together, by the place where they were captured. Conversations stay in
 * the order given.
 */
export function alongTheWay(
  run: Run,
  on: Traversal,
  step: Step,
  flows: readonly Crossing[],
): readonly Crossing[] {
  const conversations = groupBy(
    flows,
    (flow) => (flow.addressA === undefined ? flow.tracking : flow.l3Tracking) ?? '',
  );
  const way = new Way(run, on.view, step);
  return [...conversations.values()].flatMap((conversation) =>
    conversation.length === 1 ? conversation : orderSegments(conversation, way),
  );
}

/** Between two routers a conversation has other MACs, and so another TrackingID. */
function orderSegments(conversation: readonly Crossing[], way: Way): readonly Crossing[] {
  const segments = [...groupBy(conversation, (flow) => flow.tracking ?? '').values()];
  const placed = segments.map((segment) => {
    const first = firstOf(segment);
    return { segment, start: first.start, place: way.segmentPlace(first) };
  });
  placed.sort((one, other) => one.place - other.place || one.start - other.start);
  return placed.flatMap(({ segment }) => orderSegment(segment, way));
}

function firstOf(segment: readonly Crossing[]): Crossing {
  return segment.reduce((early, flow) => (flow.start < early.start ? flow : early));
}

function orderSegment(segment: readonly Crossing[], way: Way): readonly Crossing[] {
  if (segment.length === 1) return segment;
  const first = firstOf(segment);
  const nodes = new Set(segment.map(({ tid }) => tid ?? ''));
  const fromA = way.distances(first.a, nodes);
  const fromB = way.distances(first.b, nodes);
  const placed = segment.map((flow) => {
    const a = fromA.get(flow.tid ?? '');
    const b = fromB.get(flow.tid ?? '');
    // Near A: 0 and its distance. Near B only: 2, the farthest first. Neither: between them.
    const zone = a !== undefined ? 0 : b !== undefined ? 2 : 1;
    return { flow, zone, near: a ?? -(b ?? 0), far: -(b ?? 0) };
  });
  placed.sort(
    (one, other) =>
      one.zone - other.zone ||
      one.near - other.near ||
      one.far - other.far ||
      one.flow.start - other.flow.start,
  );
  return placed.map(({ flow }) => flow);
}

class Way {
  readonly #run: Run;
  readonly #view: GraphView;
  readonly #step: Step;
  #visits = 0;
  /** By MAC; only where the graph has no index of its own (sub-graphs, the past). */
  #scanned: ReadonlyMap<string, readonly GraphNode[]> | undefined;

  constructor(run: Run, view: GraphView, step: Step) {
    this.#run = run;
    this.#view = view;
    this.#step = step;
  }

  /** -1: it begins at the node that holds the network address A; 1: it ends at the one of B; 0: neither, or both. */
  segmentPlace({ a, b, addressA, addressB }: Crossing): number {
    const isHeld = (mac: string | undefined, address: string | undefined) =>
      this.#withMac(mac).some((node) => address !== undefined && addressesOf(node).includes(address));
    const begins = isHeld(a, addressA);
    const ends = isHeld(b, addressB);
    return begins === ends ? 0 : begins ? -1 : 1;
  }

  /** TID → layer2 edges between the node with this MAC and it, for those of `tids` that can be reached. */
  distances(mac: string | undefined, tids: ReadonlySet<string>): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    const seen = new Set<string>();
    let ring = this.#withMac(mac).map((node) => node.id);
    for (let distance = 0; ring.length > 0 && found.size < tids.size; distance++) {
      const next: string[] = [];
      for (const id of ring) {
        if (seen.has(id)) continue;
        seen.add(id);
        const tid = this.#view.node(id)?.metadata['TID'];
        if (typeof tid === 'string' && tids.has(tid) && !found.has(tid)) found.set(tid, distance);
        if (!this.#lookAround(id, next)) return found;
      }
      ring = next;
    }
    return found;
  }

  /** False: enough has been looked at. */
  #lookAround(id: string, next: string[]): boolean {
    for (const [edges, end] of [
      [this.#view.edgesOut(id), 'child'],
      [this.#view.edgesIn(id), 'parent'],
    ] as const)
      for (const edge of edges) {
        if (++this.#visits > VISITS_MAX) return false;
        this.#run.visit(this.#step);
        if (edge.metadata['RelationType'] === 'layer2') next.push(edge[end]);
      }
    return true;
  }

  #withMac(mac: string | undefined): readonly GraphNode[] {
    if (mac === undefined || mac === '') return [];
    const indexed = this.#view.nodesWith?.('MAC', mac);
    if (indexed !== undefined) return [...indexed];
    this.#scanned ??= this.#scan();
    return this.#scanned.get(mac) ?? [];
  }

  #scan(): ReadonlyMap<string, readonly GraphNode[]> {
    const nodes = [...this.#view.nodes()];
    this.#run.visit(this.#step, nodes.length);
    return groupBy(nodes, ({ metadata: { MAC } }) => (typeof MAC === 'string' ? MAC : ''));
  }
}

function groupBy<T>(members: readonly T[], keyOf: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const key = keyOf(member);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return groups;
}
