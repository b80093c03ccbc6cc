/** The captures there are, asked again whenever the analyzer says that something became of one; their state comes with the graph. */
import { computed, effect, signal } from '@preact/signals';
import type { Capture, CaptureRequest } from '../../core/api/operations.ts';
import { messageOf } from '../../core/errors.ts';
import { ask } from '../link/api.ts';
import { capturesOf } from '../model/node-text.ts';
import { capturesVersion, graph, graphVersion, isLoaded } from './live.ts';
import { may } from './session.ts';

export const captures = signal<readonly Capture[]>([]);
export const captureProblem = signal('');

export interface CaptureSum {
  /** Interfaces on which it runs, and on which it could not. */
  active: number;
  failed: number;
  packets: number;
  lost: number;
  /** Of one that failed. */
  error: string;
}

/** Capture id → what its interfaces say. */
export const captureSums = computed(() => {
  void graphVersion.value;
  const sums = new Map<string, CaptureSum>();
  for (const node of graph.nodes.values())
    for (const state of capturesOf(node)) {
      const sum = sums.get(state.ID) ?? { active: 0, failed: 0, packets: 0, lost: 0, error: '' };
      if (state.State === 'active') sum.active++;
      else {
        sum.failed++;
        sum.error = state.Error ?? 'no reason given';
      }
      sum.packets += state.PacketsReceived;
      sum.lost += state.PacketsDropped + state.PacketsIfDropped;
      sums.set(state.ID, sum);
    }
  return sums;
});

async function load(): Promise<void> {
  try {
    captures.value = Object.values(await ask('GET /api/capture', {}));
    captureProblem.value = '';
  } catch (error) {
    captureProblem.value = messageOf(error);
  }
}

effect(() => {
  void capturesVersion.value;
  if (isLoaded.value && may('capture', 'read')) void load();
});

/** Throws Refused. */
export async function startCapture(request: CaptureRequest): Promise<void> {
  await ask('POST /api/capture', { body: request });
  await load();
}

/** Throws Refused. */
export async function stopCapture(id: string): Promise<void> {
  await ask('DELETE /api/capture/{id}', { params: { id } });
  await load();
}
