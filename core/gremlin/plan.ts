/**
 * What a run did, for whoever asks why a query costs what it costs (`?explain=1`): which steps ran as one, which index
 * was looked into, what the shards were asked for, how much was looked at. Written while running, read by `explain.ts`.
 */
import type { FlowReduction } from '../flow/reduction.ts';
import type { FlowSearch } from '../flow/search.ts';
import type { Step } from './ast.ts';

export interface FlowRequest {
  readonly search: FlowSearch;
  /** Absent: whole flows. */
  readonly reduction?: FlowReduction;
}

export interface StepRun {
  readonly step: Step;
  /** Steps that ran as part of this one. */
  folded: readonly Step[];
  readonly from: string;
  to: string;
  /** How many elements came out; undefined where that is not known (flows not asked for yet). */
  count: number | undefined;
  visited: number;
  ms: number;
  /** Keys and texts looked up instead of looking at everything. */
  index: string | undefined;
  readonly requests: FlowRequest[];
}

export class PlanRecord {
  readonly steps: StepRun[] = [];
  readonly warnings: string[] = [];

  begin(step: Step, from: string): StepRun {
    const one: StepRun = {
      step,
      folded: [],
      from,
      to: from,
      count: undefined,
      visited: 0,
      ms: 0,
      index: undefined,
      requests: [],
    };
    this.steps.push(one);
    return one;
  }

  searched(search: FlowSearch): void {
    this.steps.at(-1)?.requests.push({ search });
  }

  reduced(search: FlowSearch, reduction: FlowReduction): void {
    this.steps.at(-1)?.requests.push({ search, reduction });
  }

  usedIndex(text: string): void {
    const last = this.steps.at(-1);
    if (last !== undefined) last.index = text;
  }

  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }
}
