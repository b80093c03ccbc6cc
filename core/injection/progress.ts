/** How far an injection has come: what its nodes' probes reported, put together for people. Pure. */
import { limits, timings } from '../limits.ts';
import type {
  Injection,
  InjectionReport,
  InjectionRequest,
  InjectionState,
  InjectionTask,
} from './injection.ts';

export interface InjectionProgress {
  readonly State: InjectionState;
  readonly PacketCount: number;
  /** One line for each node that failed. */
  readonly Error?: string;
}

/** When a task that begins now must have been heard of, ms since 1970; it reports on the way, so Count does not matter. */
export function dueMsOf({ Interval }: Pick<InjectionRequest, 'Interval'>, nowMs: number): number {
  return nowMs + Math.max(Interval, timings.injectionReportMs) + timings.injectionSilentMs;
}

/** The injection with what a probe said of one of its tasks; the same object when that is nothing new. */
export function withReport(
  injection: Injection,
  { nodeId, state, packets, error }: InjectionReport,
  host: string,
  nowMs: number,
): Injection {
  let isNew = false;
  const tasks = injection.Tasks.map((task): InjectionTask => {
    // What has ended has ended: a report that was told again comes late.
    if (task.NodeID !== nodeId || task.Host !== host || isOver(task)) return task;
    isNew = true;
    return {
      NodeID: nodeId,
      Host: host,
      State: state,
      PacketCount: packets,
      ...(error === '' ? {} : { Error: error }),
      dueMs: dueMsOf(injection, nowMs),
    };
  });
  return isNew ? { ...injection, Tasks: tasks } : injection;
}

function isOver({ State }: InjectionTask): boolean {
  return State === 'done' || State === 'error';
}

/** A task of which nobody said a word in time has failed: its probe ended, or never got to know of it. */
export function progressOf({ Tasks }: Pick<Injection, 'Tasks'>, nowMs: number): InjectionProgress {
  const tasks = Tasks.map((task) =>
    isOver(task) || task.dueMs > nowMs
      ? task
      : { ...task, State: 'error' as const, Error: 'no word from the probe' },
  );
  const has = (state: InjectionState) => tasks.some(({ State }) => State === state);
  const errors = tasks.flatMap((task) =>
    task.Error === undefined ? [] : [`node ${task.NodeID} of ${task.Host}: ${task.Error}`],
  );
  const State = has('active') ? 'active' : has('pending') ? 'pending' : has('error') ? 'error' : 'done';
  return {
    State,
    PacketCount: tasks.reduce((sum, { PacketCount }) => sum + PacketCount, 0),
    ...(errors.length === 0 ? {} : { Error: errors.join('\n') }),
  };
}

/** Why a query's answer cannot be sent from; undefined = it can. */
export function tooManySources(count: number): string | undefined {
  return count > limits.injectionSourcesMax
    ? `Src: ${count} nodes, at most ${limits.injectionSourcesMax} may send`
    : undefined;
}
