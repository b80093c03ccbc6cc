/**
 * How the past of a graph lies in storage so that any moment of it is cheap to read and cheap to write: what ended in one
 * write of the graph is packed together, apart only by how long it had lasted. Level n holds what lasted less
 * than 4^n ms. Whatever of a level was true at t ended before t + 4^n, so that a moment is one short range of each level, in
 * which about half of what is read was true; without levels everything that ended since would have to be looked at.
 */
import type { TimeSlice } from './history.ts';

/** An element's state that has ended, as JSON, and since when it had held (ms since 1970). */
export interface EndedState {
  readonly fromMs: number;
  readonly text: string;
}

/** States that ended at one moment, of one level. */
export interface PastPack {
  readonly level: number;
  readonly toMs: number;
  /** When the first of them began. */
  readonly fromMs: number;
  readonly count: number;
  /** JSON list of the states. */
  readonly json: string;
}

/** Ends and begins of packs of a level that can matter to a slice: `toMs` in [endsFrom, endsBefore), `fromMs` up to `beginsTo`. */
export interface PackRange {
  readonly level: number;
  readonly endsFrom: number;
  readonly endsBefore: number;
  readonly beginsTo: number;
}

/** 4^24 ms are 8,900 years. */
export const PACK_LEVELS = 25;

/** What ended before it began (a clock was set back) has level 0: no moment sees it, a slice around both times does. */
export function levelOf(fromMs: number, toMs: number): number {
  const lengthMs = toMs - fromMs;
  if (!(lengthMs >= 1)) return 0;
  return Math.min(Math.floor(Math.log2(lengthMs) / 2) + 1, PACK_LEVELS - 1);
}

/** Packs of what ended at `toMs`, each of at most `charsMax` characters unless a single state is longer. */
export function packStates(states: readonly EndedState[], toMs: number, charsMax: number): PastPack[] {
  const byLevel = new Map<number, EndedState[]>();
  for (const state of states) {
    const level = levelOf(state.fromMs, toMs);
    const same = byLevel.get(level);
    if (same === undefined) byLevel.set(level, [state]);
    else same.push(state);
  }
  return [...byLevel].flatMap(([level, same]) => packsOfLevel(level, same, toMs, charsMax));
}

function packsOfLevel(
  level: number,
  states: readonly EndedState[],
  toMs: number,
  charsMax: number,
): PastPack[] {
  const packs: PastPack[] = [];
  let texts: string[] = [];
  let chars = 0;
  let fromMs = Infinity;
  const close = (): void => {
    if (texts.length > 0)
      packs.push({ level, toMs, fromMs, count: texts.length, json: `[${texts.join(',')}]` });
    texts = [];
    chars = 0;
    fromMs = Infinity;
  };
  for (const state of states) {
    if (chars + state.text.length + 2 > charsMax) close();
    texts.push(state.text);
    chars += state.text.length + 1;
    fromMs = Math.min(fromMs, state.fromMs);
  }
  close();
  return packs;
}

/** Where to look for what belonged to the slice; the states found there have still to be asked one by one. */
export function rangesOf(slice: TimeSlice): PackRange[] {
  return Array.from({ length: PACK_LEVELS }, (_, level) => ({
    level,
    endsFrom: slice.fromMs,
    // The last level has no upper bound.
    endsBefore: level === PACK_LEVELS - 1 ? Number.MAX_SAFE_INTEGER : slice.toMs + 4 ** level,
    beginsTo: slice.toMs,
  }));
}
