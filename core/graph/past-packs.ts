/**
 * How the past of a graph lies in storage so that any moment of it is cheap to read and cheap to write: what ended in one
 * write of the graph is packed together, apart only by how long it had lasted. (Statistics are written some seconds late, those of about one time together.) Level n holds what lasted less
 * than 4^n ms. Whatever of a level was true at t ended before t + 4^n, so that a moment is one short range of each level, in
 * which about half of what is read was true; without levels everything that ended since would have to be looked at.
 */
import type { TimeSlice } from './history.ts';

/** An element's state that has ended, as JSON, and from when to when it had held (ms since 1970). */
export interface EndedState {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

/** States that ended at about one time (PACK_SPAN_MS), of one level. */
export interface PastPack {
  readonly level: number;
  /** When the last of them ended. */
  readonly toMs: number;
  /** When the first of them began. */
  readonly fromMs: number;
  readonly count: number;
  /** JSON list of the states; those that ended before `toMs` have it as a member `Ended`. */
  readonly json: string;
}

/** Ends and begins of packs of a level that can matter to a slice: `toMs` in [endsFrom, endsBefore), `fromMs` up to `beginsTo`. */
export interface PackRange {
  readonly level: number;
  readonly endsFrom: number;
  readonly endsBefore: number;
  readonly beginsTo: number;
}

/** What one pack holds ended within this. */
export const PACK_SPAN_MS = 10_000;

/** 4^24 ms are 8,900 years. */
export const PACK_LEVELS = 25;

/** What ended before it began (a clock was set back) has level 0: no moment sees it, a slice around both times does. */
export function levelOf(fromMs: number, toMs: number): number {
  const lengthMs = toMs - fromMs;
  if (!(lengthMs >= 1)) return 0;
  return Math.min(Math.floor(Math.log2(lengthMs) / 2) + 1, PACK_LEVELS - 1);
}

/** Packs of what ended, each of at most `charsMax` characters unless a single state is longer. */
export function packStates(states: readonly EndedState[], charsMax: number): PastPack[] {
  const byLevel = new Map<number, EndedState[]>();
  for (const state of states) {
    const level = levelOf(state.fromMs, state.toMs);
    const same = byLevel.get(level);
    if (same === undefined) byLevel.set(level, [state]);
    else same.push(state);
  }
  return [...byLevel].flatMap(([level, same]) => packsOfLevel(level, same, charsMax));
}

/** What `Ended` takes. */
const ENDED_CHARS = 24;

function packsOfLevel(level: number, states: readonly EndedState[], charsMax: number): PastPack[] {
  const packs: PastPack[] = [];
  let held: EndedState[] = [];
  let chars = 0;
  let [firstEndMs, lastEndMs] = [Infinity, -Infinity];
  const close = (): void => {
    if (held.length > 0) packs.push(packOf(level, held, lastEndMs));
    held = [];
    chars = 0;
    [firstEndMs, lastEndMs] = [Infinity, -Infinity];
  };
  for (const state of states) {
    const stateChars = state.text.length + ENDED_CHARS;
    const spanMs = Math.max(lastEndMs, state.toMs) - Math.min(firstEndMs, state.toMs);
    if (chars + stateChars + 2 > charsMax || spanMs > PACK_SPAN_MS) close();
    held.push(state);
    chars += stateChars;
    firstEndMs = Math.min(firstEndMs, state.toMs);
    lastEndMs = Math.max(lastEndMs, state.toMs);
  }
  close();
  return packs;
}

function packOf(level: number, states: readonly EndedState[], toMs: number): PastPack {
  const texts = states.map((state) =>
    state.toMs === toMs ? state.text : `{"Ended":${state.toMs},${state.text.slice(1)}`,
  );
  const fromMs = states.reduce((first, state) => Math.min(first, state.fromMs), Infinity);
  return { level, toMs, fromMs, count: states.length, json: `[${texts.join(',')}]` };
}

/** Where to look for what belonged to the slice; the states found there have still to be asked one by one. */
export function rangesOf(slice: TimeSlice): PackRange[] {
  return Array.from({ length: PACK_LEVELS }, (_, level) => ({
    level,
    endsFrom: slice.fromMs,
    // The last level has no upper bound.
    endsBefore: level === PACK_LEVELS - 1 ? Number.MAX_SAFE_INTEGER : slice.toMs + 4 ** level + PACK_SPAN_MS,
    beginsTo: slice.toMs,
  }));
}
