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

export class FlowPaths {
  private readonly entries: (PathEntry | undefined)[] = [];
  private readonly ids = new Map<string, number>();
  private readonly free: number[] = [];
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
