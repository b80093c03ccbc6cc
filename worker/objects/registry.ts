/**
 * Keeps the resources of one fabric (captures today) with their time to live, and tells the Topology object the whole
 * list after each change. Written first, told afterwards, and what was told is written too: after a crash between
 * the two, waking tells again. Topology may also ask. Counts the refusals of the HTTP side (middleware/counters.ts).
 */
import { DurableObject } from 'cloudflare:workers';
import type { Capture } from '../../core/capture/capture.ts';
import { duplicateKey, type CaptureRequest } from '../../core/capture/validate.ts';
import { messageOf } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { apiErrorCodes, type ApiErrorCode } from '../errors.ts';
import { RegistryStore } from '../store/registry-store.ts';
import { Counters } from './counters.ts';
import { topologyOf } from './stubs.ts';

export type Created =
  | { readonly ok: true; readonly capture: Capture }
  | { readonly ok: false; readonly status: 409 | 507; readonly text: string };

type Counter = ApiErrorCode | 'expired' | 'tellFailures';
const counterNames: readonly Counter[] = [...apiErrorCodes, 'expired', 'tellFailures'];

export interface RegistryStatus {
  readonly resources: Readonly<Record<string, number>>;
  readonly resourcesMax: number;
  /** Resources with a time to live. */
  readonly expiring: number;
  /** Whether Topology knows the newest captures. */
  readonly told: boolean;
  readonly counters: Readonly<Record<Counter, number>>;
}

const RETRY_MS = 1_000;
/** An alarm far away is set again on the way, so that no date is too far for the platform. */
const ALARM_MAX_MS = 30 * 86_400_000;

export class Registry extends DurableObject<Env> {
  readonly #store: RegistryStore;
  readonly #counters: Counters<Counter>;
  /** The round of telling that is under way. */
  #round: Promise<boolean> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RegistryStore(ctx.storage);
    this.#counters = new Counters<Counter>(counterNames, this.#store.counters());
    // Not under blockConcurrencyWhile: Topology may be asking us while it wakes.
    if (this.#store.told !== this.#store.changes) ctx.waitUntil(this.#tell());
  }

  /** All captures, oldest first. */
  async captures(): Promise<Capture[]> {
    return this.list();
  }

  async list(): Promise<Capture[]> {
    await this.#expire();
    return this.#captures();
  }

  async get(id: string): Promise<Capture | undefined> {
    await this.#expire();
    const body = this.#store.body('capture', id);
    return body === undefined ? undefined : (JSON.parse(body) as Capture);
  }

  /** Keeps a checked capture under a new UUID, for `ttlMs` when given; resolves when Topology was told. */
  async create(request: CaptureRequest, ttlMs?: number): Promise<Created> {
    await this.#expire();
    const key = duplicateKey(request);
    if (this.#store.hasDuplicate('capture', key))
      return { ok: false, status: 409, text: 'duplicated resource' };
    if ((this.#store.sizes()['capture'] ?? 0) >= limits.resourcesMax)
      return {
        ok: false,
        status: 507,
        text: `there are ${limits.resourcesMax} captures already, the most that are kept`,
      };
    const capture: Capture = { ...request, UUID: crypto.randomUUID(), Count: 0 };
    this.#store.insert({
      kind: 'capture',
      id: capture.UUID,
      body: JSON.stringify(capture),
      duplicateKey: key,
      expiresMs: ttlMs === undefined ? undefined : Math.ceil(Date.now() + ttlMs),
    });
    await this.#plan();
    await this.#tell();
    return { ok: true, capture };
  }

  /** False when there is no such capture. */
  async delete(id: string): Promise<boolean> {
    await this.#expire();
    const removed = this.#store.remove('capture', id);
    await this.#tell();
    return removed;
  }

  /** Sums of refusals from one isolate of the Worker. Unknown names are of another version and left out. */
  async addCounters(sums: Readonly<Partial<Record<ApiErrorCode, number>>>): Promise<void> {
    for (const code of apiErrorCodes) this.#counters.add(code, sums[code] ?? 0);
    this.#counters.save((values) => this.#store.setCounters(values));
  }

  async status(): Promise<RegistryStatus> {
    await this.#expire();
    return {
      resources: { capture: 0, ...this.#store.sizes() },
      resourcesMax: limits.resourcesMax,
      expiring: this.#store.expiring,
      told: this.#store.told === this.#store.changes,
      counters: this.#counters.all(),
    };
  }

  override async alarm(): Promise<void> {
    await this.#expire();
    await this.#tell();
    await this.#plan();
  }

  #captures(): Capture[] {
    return this.#store.bodies('capture').map((body) => JSON.parse(body) as Capture);
  }

  /** What ended is gone even when its alarm is late. */
  async #expire(): Promise<void> {
    const removed = this.#store.expire(Date.now());
    if (removed === 0) return;
    this.#counters.add('expired', removed);
    this.#counters.save((values) => this.#store.setCounters(values));
    this.ctx.waitUntil(this.#tell());
  }

  /** Sets the alarm to the next end of a resource. */
  async #plan(): Promise<void> {
    const nextMs = this.#store.nextExpiryMs;
    if (nextMs !== undefined) await this.#alarmAt(Math.min(nextMs, Date.now() + ALARM_MAX_MS));
  }

  /** An earlier alarm stays. */
  async #alarmAt(timeMs: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > timeMs) await this.ctx.storage.setAlarm(timeMs);
  }

  /** Resolves when Topology was told the newest list, or when that failed and an alarm will try again. */
  async #tell(): Promise<void> {
    while (this.#store.told !== this.#store.changes) {
      this.#round ??= this.#tellOnce().finally(() => {
        this.#round = undefined;
      });
      if (!(await this.#round)) return;
    }
  }

  /** One round; changes made meanwhile are told in the next one, all together. False when it failed. */
  async #tellOnce(): Promise<boolean> {
    const change = this.#store.changes;
    try {
      await topologyOf(this.env).setCaptures(this.#captures());
      this.#store.told = change;
      return true;
    } catch (error) {
      this.#counters.add('tellFailures');
      console.error(JSON.stringify({ error: `captures not told to the topology: ${messageOf(error)}` }));
      await this.#alarmAt(Date.now() + RETRY_MS);
      return false;
    }
  }
}
