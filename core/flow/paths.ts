/**
 * LayersPath and Application of live flows, shared: few different ones for many flows. Entries are counted and leave
 * with their last flow, so that odd packets cannot fill the memory.
 */
import { DecodeStatus, LayerType, layerNames } from '../packet/layers.ts';
import type { Layers } from '../packet/layers.ts';

export interface PathEntry {
  readonly layersPath: string;
  readonly application: string;
  /** A flow of this application ends when silent for longer; 0: no such rule. */
  readonly timeoutMs: number;
  flows: number;
}

/**
 * The path of layers [from, to) and its last name. A Linux cooked header has no name but leaves its separator, as in
 * the reference: `/IPv4/TCP`.
 */
export function layersPathOf(layers: Layers, from: number, to: number): { path: string; last: string } {
  let path = '';
  let last = '';
  for (let i = from; i < to; i++) {
    const type = layers.types[i]!;
    if (type === LayerType.LinuxSLL) continue;
    if (type === LayerType.Payload || type === LayerType.Failure) break;
    last = layerNames[type]!;
    path += i > from ? `/${last}` : last;
  }
  return { path, last };
}

interface Recent {
  readonly types: Uint8Array;
  readonly id: number;
  readonly entry: PathEntry;
}

/** A power of two. */
const RECENT_MAX = 64;

function isSame(a: Uint8Array, types: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== types[from + i]) return false;
  return true;
}

export class FlowPaths {
  private readonly entries: (PathEntry | undefined)[] = [];
  private readonly ids = new Map<string, number>();
  private readonly free: number[] = [];
  /** Recent sequences of layer types, by a hash of them: most flows look like one before. */
  private readonly recent: (Recent | undefined)[] = [];
  private readonly timeoutsMs: Readonly<Record<string, number>>;

  /** `timeoutsMs` by upper-cased application. */
  constructor(timeoutsMs: Readonly<Record<string, number>>) {
    this.timeoutsMs = timeoutsMs;
  }

  /** The id of an entry, with one more flow on it. */
  take(layersPath: string, application: string): number {
    const key = `${layersPath}\n${application}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.free.pop() ?? this.entries.length;
      const timeoutMs = this.timeoutsMs[application.toUpperCase()] ?? 0;
      this.entries[id] = { layersPath, application, timeoutMs, flows: 0 };
      this.ids.set(key, id);
    }
    this.entries[id]!.flows++;
    return id;
  }

  /**
   * The id of the entry for layers [from, to), with one more flow on it. `application` replaces the last name.
   */
  takeOf(layers: Layers, from: number, to: number, application: string | undefined): number {
    if (application !== undefined) return this.take(layersPathOf(layers, from, to).path, application);
    const { types } = layers;
    let hash = to - from;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + types[i]!) | 0;
    const slot = hash & (RECENT_MAX - 1);
    const recent = this.recent[slot];
    if (
      recent !== undefined &&
      this.entries[recent.id] === recent.entry &&
      isSame(recent.types, types, from, to)
    ) {
      recent.entry.flows++;
      return recent.id;
    }
    const { path, last } = layersPathOf(layers, from, to);
    const id = this.take(path, last);
    this.recent[slot] = { types: types.slice(from, to), id, entry: this.entries[id]! };
    return id;
  }

  get(id: number): PathEntry {
    return this.entries[id]!;
  }

  release(id: number): void {
    const entry = this.entries[id]!;
    if (--entry.flows > 0) return;
    this.ids.delete(`${entry.layersPath}\n${entry.application}`);
    this.entries[id] = undefined;
    this.free.push(id);
  }
}

/** Names of the reasons for which decoding ends, for counters. */
export const decodeStatusNames = Object.keys(DecodeStatus) as (keyof typeof DecodeStatus)[];
