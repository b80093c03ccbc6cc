/** The layout of a graph's past: what belonged to a slice is found where the ranges say, and little else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphEdge, GraphEvent, GraphNode } from '../../../core/graph/element.ts';
import { Graph } from '../../../core/graph/graph.ts';
import { livesIn, RevisionStore, type Revision, type TimeSlice } from '../../../core/graph/history.ts';
import { OriginElements } from '../../../core/graph/origin-elements.ts';
import { OwnChanges, type ElementChange } from '../../../core/graph/own-changes.ts';
import {
  levelOf,
  packStates,
  PACK_SPAN_MS,
  rangesOf,
  type EndedState,
  type PastPack,
} from '../../../core/graph/past-packs.ts';

const SEED = 20_261_126;

/** Packs that a store would read for the slice. */
function packsFor(packs: readonly PastPack[], slice: TimeSlice): PastPack[] {
  const ranges = rangesOf(slice);
  return packs.filter((pack) => {
    const { endsFrom, endsBefore, beginsTo } = ranges[pack.level]!;
    return pack.toMs >= endsFrom && pack.toMs < endsBefore && pack.fromMs <= beginsTo;
  });
}

describe('levelOf', () => {
  it.each([
    [-5, 0],
    [0, 0],
    [1, 1],
    [3, 1],
    [4, 2],
    [30_000, 8], // 4^7 = 16,384 and 4^8 = 65,536
    [1.7e12, 21],
  ])('of what lasted %i ms is %i', (lengthMs, level) => {
    expect(levelOf(1_000, 1_000 + lengthMs)).toBe(level);
  });

  it('holds what lasted less than 4 to its power', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 ** 24 - 1 }), (lengthMs) => {
        expect(lengthMs).toBeLessThan(4 ** levelOf(0, lengthMs));
      }),
      { seed: SEED },
    );
  });
});

describe('packStates', () => {
  const state = (fromMs: number, toMs: number, text: string): EndedState => ({ fromMs, toMs, text });

  it('puts what ended together and lasted about as long into one pack, in order', () => {
    const states = [state(10, 10_000, '1'), state(9_000, 10_000, '2'), state(11, 10_000, '3')];
    const packs = packStates(states, 1_000);
    expect(packs.map(({ fromMs, count, json }) => [fromMs, count, json])).toEqual([
      [10, 2, '[1,3]'],
      [9_000, 1, '[2]'],
    ]);
  });

  it('says of what ended before the others when it did, and keeps apart what ended much later', () => {
    const ends = [90_000, 95_000, 90_000 + PACK_SPAN_MS, 90_001 + PACK_SPAN_MS];
    const packs = packStates(
      ends.map((toMs) => state(toMs - 30_000, toMs, `{"ID":"${toMs}"}`)),
      1_000,
    );
    expect(packs.map(({ fromMs, toMs, json }) => [fromMs, toMs, JSON.parse(json)])).toEqual([
      [60_000, 100_000, [{ Ended: 90_000, ID: '90000' }, { Ended: 95_000, ID: '95000' }, { ID: '100000' }]],
      [70_001, 100_001, [{ ID: '100001' }]],
    ]);
  });

  it('divides what is too long for a row; a single state is never divided', () => {
    const states = ['"aaaa"', '"bbbbbbbbbbbb"', '1'].map((text) => state(0, 5, text));
    const packs = packStates(states, 40);
    expect(packs.map(({ json }) => json)).toEqual(['["aaaa"]', '["bbbbbbbbbbbb"]', '[1]']);
  });
});

describe('rangesOf', () => {
  const times = fc.integer({ min: 0, max: 100_000 });

  it('lead to every state that belonged to the slice, also when the clock was set back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(times, times), { maxLength: 40 }),
        times,
        fc.oneof(fc.constant(0), times),
        (spans, toMs, lengthMs) => {
          const slice = { fromMs: toMs - lengthMs, toMs };
          const packs = spans.flatMap(([from, to], index) =>
            packStates([{ fromMs: from, toMs: to, text: String(index) }], 1_000),
          );
          const read = packsFor(packs, slice).flatMap(({ json }) => JSON.parse(json) as number[]);
          const belongs = spans.flatMap(([from, to], index) =>
            from <= slice.toMs && to >= slice.fromMs ? [index] : [],
          );
          expect(read.toSorted((a, b) => a - b)).toEqual(belongs);
        },
      ),
      { seed: SEED },
    );
  });

  it('look, for a moment long ago, at little more than what was true then', () => {
    // A state ends every 10 ms for 1,000 s, having lasted 1 s, 10 s or 100 s: about 100 + 1,000 + 10,000 / 3 true at once.
    const packs = Array.from({ length: 100_000 }, (_, index) => {
      const toMs = 1e9 + index * 10;
      const lengthMs = [1_000, 10_000, 100_000][index % 3]!;
      return packStates([{ fromMs: toMs - lengthMs, toMs, text: '1' }], 1_000);
    }).flat();
    const at = 1e9 + 200_000;
    const looked = rangesOf({ fromMs: at, toMs: at }).flatMap(({ level, endsFrom, endsBefore }) =>
      packs.filter((pack) => pack.level === level && pack.toMs >= endsFrom && pack.toMs < endsBefore),
    );
    const isTrue = packs.filter((pack) => pack.fromMs <= at && pack.toMs >= at);
    expect(isTrue.length).toBeGreaterThan(3_000);
    expect(looked.length).toBeLessThan(4 * isTrue.length);
  });
});

type Edit =
  | { readonly kind: 'node' | 'drop'; readonly id: number; readonly value: number }
  | { readonly kind: 'edge' | 'cut'; readonly from: number; readonly to: number; readonly value: number };

const edits = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 500 }),
    fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constantFrom('node' as const, 'node' as const, 'drop' as const),
          id: fc.nat(6),
          value: fc.nat(3),
        }),
        fc.record({
          kind: fc.constantFrom('edge' as const, 'edge' as const, 'cut' as const),
          from: fc.nat(6),
          to: fc.nat(6),
          value: fc.nat(2),
        }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  ),
  { minLength: 1, maxLength: 60 },
);

const NO_TIMES = { host: '', origin: '', createdAt: 0, updatedAt: 0, deletedAt: null, revision: 0 };

function changeOf(edit: Edit): ElementChange {
  switch (edit.kind) {
    case 'node':
      return { kind: 'putNode', node: { ...NO_TIMES, id: `n${edit.id}`, metadata: { V: edit.value } } };
    case 'drop':
      return { kind: 'deleteNode', id: `n${edit.id}` };
    case 'edge': {
      const { from, to, value } = edit;
      const ends = { parent: `n${from}`, child: `n${to}` };
      // Ids that do not tell the ends, so that an edge can be made anew with others.
      return { kind: 'putEdge', edge: { ...NO_TIMES, ...ends, id: `e${from}`, metadata: { V: value } } };
    }
    case 'cut':
      return { kind: 'deleteEdge', id: `e${edit.from}` };
  }
}

/** A graph that is edited, and everything that ended in it. */
class Edited {
  readonly #owned = new OriginElements();
  #events: GraphEvent[] = [];
  readonly graph = new Graph((event) => {
    this.#owned.apply(event);
    this.#events.push(event);
  });
  readonly ended: Revision<GraphNode>[] = [];
  readonly packs: PastPack[] = [];
  /** What is written later, together. */
  #held: Revision<GraphNode>[] = [];
  #edits = 0;

  edit(list: readonly Edit[], nowMs: number): void {
    const owner = { origin: 'agent.h', host: 'h', elementsMax: 1_000 };
    const own = new OwnChanges(this.graph, owner, () => this.#owned.of(owner.origin), nowMs);
    for (const edit of list) own.apply(changeOf(edit));
    const states = this.#events.flatMap(before);
    this.#events = [];
    const ended = states.map((element) => ({ element, archivedAt: nowMs }));
    this.ended.push(...ended);
    this.#held.push(...ended);
    if (++this.#edits % 3 > 0) return;
    const texts = this.#held.map(({ element, archivedAt }) => ({
      fromMs: element.updatedAt,
      toMs: archivedAt!,
      text: JSON.stringify(element),
    }));
    this.#held = [];
    this.packs.push(...packStates(texts, 600));
  }

  /** As the store does it: the packs of the ranges, what is not written yet, and the live graph. */
  past(slice: TimeSlice): RevisionStore {
    const found = packsFor(this.packs, slice).flatMap(({ toMs, json }) =>
      (JSON.parse(json) as (GraphNode & { Ended?: number })[]).map(({ Ended, ...element }) => ({
        element,
        archivedAt: Ended ?? toMs,
      })),
    );
    return this.#store([...found, ...this.#held].filter((revision) => livesIn(revision, slice)));
  }

  /** From everything that ever ended. */
  whole(): RevisionStore {
    return this.#store(this.ended);
  }

  #store(ended: readonly Revision<GraphNode>[]): RevisionStore {
    const live = [...this.graph.nodes(), ...this.graph.edges()];
    const all = [...ended, ...live.map((element) => ({ element, archivedAt: null }))];
    const isEdge = (revision: Revision<GraphNode>): revision is Revision<GraphEdge> =>
      'parent' in revision.element;
    return new RevisionStore(
      all.filter((revision) => !isEdge(revision)),
      all.filter(isEdge),
    );
  }
}

function before(event: GraphEvent): GraphNode[] {
  switch (event.kind) {
    case 'nodeUpdated':
    case 'edgeUpdated':
      return [event.before];
    case 'nodeDeleted':
      return [event.node];
    case 'edgeDeleted':
      return [event.edge];
    case 'nodeAdded':
    case 'edgeAdded':
      return [];
  }
}

function shown(view: { nodes(): Iterable<GraphNode>; edges(): Iterable<GraphEdge> }): string[] {
  return [...view.nodes(), ...view.edges()].map((element) => JSON.stringify(element)).sort();
}

describe('a graph that was edited', () => {
  it('is at any time between two edits what it was then', () => {
    fc.assert(
      fc.property(edits, (list) => {
        const edited = new Edited();
        let nowMs = 1_000;
        const snapshots: { readonly atMs: number; readonly elements: readonly string[] }[] = [];
        for (const [waitMs, some] of list) {
          edited.edit(some, nowMs);
          snapshots.push({ atMs: nowMs + (waitMs >> 1), elements: shown(edited.graph) });
          nowMs += waitMs + 1;
        }
        for (const { atMs, elements } of snapshots) {
          // At the very moment of an edit what it ended is there as well.
          if (edited.ended.some(({ archivedAt }) => archivedAt === atMs)) continue;
          const slice = { fromMs: atMs, toMs: atMs };
          expect(shown(edited.past(slice).at(slice))).toEqual(elements);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('loses and invents nothing in any slice, whatever the clock does', () => {
    fc.assert(
      fc.property(
        edits,
        fc.array(fc.integer({ min: -3_000, max: 3_000 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
        (list, jumps, toMs, lengthMs) => {
          const edited = new Edited();
          let nowMs = 5_000;
          for (const [index, [waitMs, some]] of list.entries()) {
            nowMs = Math.max(1, nowMs + waitMs + (index % 5 === 0 ? jumps[index % jumps.length]! : 0));
            edited.edit(some, nowMs);
          }
          const slice = { fromMs: toMs - lengthMs, toMs };
          const [found, all] = [edited.past(slice).revisions(slice), edited.whole().revisions(slice)];
          const texts = (elements: readonly GraphNode[]) => elements.map((one) => JSON.stringify(one)).sort();
          expect(texts(found.nodes)).toEqual(texts(all.nodes));
          expect(texts(found.edges)).toEqual(texts(all.edges));
          expect(shown(edited.past(slice).at(slice))).toEqual(shown(edited.whole().at(slice)));
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});
