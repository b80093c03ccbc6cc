/**
 * One capture on one node, driven towards what the manager wants: opened, reopened when the interface changed,
 * retried when it failed, closed when it is no longer wanted. Opening and closing never overlap.
 */
import type { Capture, CaptureState } from '../../core/capture/capture.ts';
import { messageOf } from '../../core/errors.ts';
import type { CaptureHandle, CaptureSource, CaptureSpec, CaptureStats } from './capture-source.ts';

/** What should be now. */
export type Plan =
  | {
      readonly kind: 'run';
      readonly type: string;
      readonly source: CaptureSource;
      readonly spec: CaptureSpec;
    }
  /** It cannot run, for a reason that people can read. */
  | { readonly kind: 'error'; readonly type: string; readonly error: string }
  /** The node is not there, or the capture is not wanted. */
  | { readonly kind: 'none' };

const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 30_000;
/** A capture that ran this long before it failed is tried again at once. */
const HEALTHY_MS = 10_000;

const NONE: Plan = { kind: 'none' };

export class CaptureTask {
  readonly #capture: Capture;
  readonly #changed: () => void;
  #plan: Plan = NONE;
  #planKey = '';
  /** Key of the plan that the present handle or error came from. */
  #doneKey = '';
  #working: Promise<void> | undefined;
  #handle: CaptureHandle | undefined;
  #openedAt = 0;
  #error: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS_MIN;
  /** Of handles that are closed: the counters of a capture go on over reopening. */
  #before: CaptureStats = { packetsReceived: 0, packetsDropped: 0, flows: 0 };
  #reopened = 0;

  /** `changed` is called when what `state` returns has changed, except for its counters. */
  constructor(capture: Capture, changed: () => void) {
    this.#capture = capture;
    this.#changed = changed;
  }

  get reopened(): number {
    return this.#reopened;
  }

  /** Idempotent: the same plan again changes nothing. Resolves when the plan is carried out or has failed. */
  pursue(plan: Plan): Promise<void> {
    const key = keyOf(plan);
    if (key !== this.#planKey) {
      this.#planKey = key;
      this.#retryMs = RETRY_MS_MIN;
    }
    this.#plan = plan;
    return this.#work();
  }

  /** What the node's metadata is to say; undefined when there is nothing to say yet. */
  state(): CaptureState | undefined {
    if (this.#plan.kind === 'none') return undefined;
    if (this.#handle === undefined && this.#error === undefined) return undefined;
    const { UUID, Name, Description, BPFFilter } = this.#capture;
    const { packetsReceived, packetsDropped } = this.stats();
    const { fallback, socket } = this.#handle ?? {};
    return {
      ID: UUID,
      State: this.#handle === undefined ? 'error' : 'active',
      ...(Name ? { Name } : {}),
      ...(Description ? { Description } : {}),
      ...(BPFFilter ? { BPFFilter } : {}),
      Type: fallback?.type ?? this.#plan.type,
      ...(fallback ? { Fallback: fallback.reason } : {}),
      ...(socket === undefined ? {} : { SFlowSocket: socket }),
      ...(this.#handle === undefined ? { Error: this.#error ?? '' } : {}),
      PacketsReceived: packetsReceived,
      PacketsDropped: packetsDropped,
      PacketsIfDropped: 0,
    };
  }

  stats(): CaptureStats {
    const now = this.#handle?.stats();
    if (now === undefined) return { ...this.#before, flows: 0 };
    return {
      packetsReceived: this.#before.packetsReceived + now.packetsReceived,
      packetsDropped: this.#before.packetsDropped + now.packetsDropped,
      flows: now.flows,
      ...(now.metadata && { metadata: now.metadata }),
    };
  }

  #work(): Promise<void> {
    return (this.#working ??= this.#workUntilDone().finally(() => (this.#working = undefined)));
  }

  async #workUntilDone(): Promise<void> {
    while (this.#doneKey !== this.#planKey) {
      const key = this.#planKey;
      clearTimeout(this.#retry);
      await this.#closeHandle();
      if (key !== this.#planKey) continue;
      await this.#carryOut(this.#plan);
      this.#doneKey = key;
      this.#changed();
    }
  }

  async #carryOut(plan: Plan): Promise<void> {
    if (plan.kind !== 'run') {
      this.#error = plan.kind === 'error' ? plan.error : undefined;
      return;
    }
    try {
      const end: { error?: Error } = {};
      const opened: { handle?: CaptureHandle } = {};
      opened.handle = await plan.source.open(plan.spec, (error) => {
        end.error = error;
        if (opened.handle !== undefined) this.#lost(opened.handle, error);
      });
      if (end.error !== undefined) throw end.error;
      this.#handle = opened.handle;
      this.#openedAt = Date.now();
      this.#error = undefined;
    } catch (error) {
      this.#error = messageOf(error);
      this.#retryLater();
    }
  }

  /** An open capture ended by itself. */
  #lost(handle: CaptureHandle, error: Error): void {
    if (this.#handle !== handle) return;
    this.#keepCounters(handle);
    this.#handle = undefined;
    this.#error = error.message;
    if (Date.now() - this.#openedAt > HEALTHY_MS) this.#retryMs = RETRY_MS_MIN;
    this.#retryLater();
    this.#changed();
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#reopened++;
      this.#doneKey = '';
      void this.#work();
    }, this.#retryMs);
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    await handle.close();
    this.#keepCounters(handle);
  }

  #keepCounters(handle: CaptureHandle): void {
    const { packetsReceived, packetsDropped } = handle.stats();
    this.#before = {
      packetsReceived: this.#before.packetsReceived + packetsReceived,
      packetsDropped: this.#before.packetsDropped + packetsDropped,
      flows: 0,
    };
  }
}

/** Equal keys: nothing to do. */
function keyOf(plan: Plan): string {
  if (plan.kind === 'run') return `run ${plan.type} ${JSON.stringify(plan.spec)}`;
  return plan.kind === 'error' ? `error ${plan.type} ${plan.error}` : 'none';
}
