/**
 * Keeps the resources of one fabric (`resource-kinds.ts`) with their time to live, and tells the Topology object the whole
 * lists that it works with after each change. Written first, told afterwards, and what was told is written too: after a crash between
 * the two, waking tells again. Topology may also ask. Counts the refusals of the HTTP side (middleware/counters.ts).
 */
import { DurableObject } from 'cloudflare:workers';
import type { Injection, InjectionReport } from '../../core/injection/injection.ts';
import { progressOf, withReport } from '../../core/injection/progress.ts';
import { limits } from '../../core/limits.ts';
import { readAuditSettings } from '../../core/config/audit-settings.ts';
import { apiErrorCodes, rateCounters, type ApiErrorCode, type RateCounter } from '../errors.ts';
import {
  AuditStore,
  type AuditEntry,
  type AuditOutcome,
  type AuditPage,
  type AuditQuery,
} from '../store/audit-store.ts';
import { RegistryStore } from '../store/registry-store.ts';
import { WebhookStore } from '../store/webhook-store.ts';
import { TokenStore, type StoredToken } from '../store/token-store.ts';
import { Counters } from './counters.ts';
import {
  KIND_MAX,
  KIND_PLURALS,
  TOLD_KINDS,
  type ResourceKind,
  type ToldResources,
} from './resource-kinds.ts';
import { hubsOf, shardsOf, topologyOf } from './stubs.ts';
import { webhookCounters, Webhooks, type WebhookCounter } from './webhooks.ts';
import { TokenKeeper, type MadeToken, type TokenRequest } from './token-keeper.ts';
import { log } from '../log.ts';

export interface CreateOptions {
  /** Two resources of a kind with one key are duplicates; undefined = duplicates are welcome. */
  readonly duplicateKey?: string | undefined;
  /** Its time to live; undefined = for ever. */
  readonly ttlMs?: number | undefined;
  /** Its id, when it had to be known before; else one is made. */
  readonly uuid?: string;
}

export interface Replacement {
  /** JSON texts. */
  readonly before: string;
  readonly after: string;
  readonly duplicateKey?: string | undefined;
}

/** `changed`: somebody else was faster. */
export type Replaced = 'replaced' | 'missing' | 'duplicate' | 'changed';

export type Created =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 409 | 507; readonly text: string };

type Counter = ApiErrorCode | RateCounter | WebhookCounter | 'auditDropped' | 'expired' | 'tellFailures';
const counterNames: readonly Counter[] = [
  ...apiErrorCodes,
  ...rateCounters,
  ...webhookCounters,
  'auditDropped',
  'expired',
  'tellFailures',
];

export interface RegistryStatus {
  readonly resources: Readonly<Record<string, number>>;
  readonly resourcesMax: number;
  /** Resources with a time to live. */
  readonly expiring: number;
  /** Whether Topology knows the newest lists. */
  readonly told: boolean;
  /** What alerts' actions are still to be told, and by alert what became of the last attempt that failed. */
  readonly webhooks: { readonly waiting: number; readonly faults: Readonly<Record<string, string>> };
  /** Entries of the audit trail. */
  readonly auditEntries: number;
  readonly counters: Readonly<Record<Counter, number>>;
}

/** The name under which whoever shows the token is known. */
export function tokenPrincipal(id: string): string {
  return `token:${id}`;
}

const NONE = Object.fromEntries(Object.keys(KIND_PLURALS).map((kind) => [kind, 0]));

const RETRY_MS = 1_000;
/** An alarm far away is set again on the way, so that no date is too far for the platform. */
const ALARM_MAX_MS = 30 * 86_400_000;

export class Registry extends DurableObject<Env> {
  readonly #store: RegistryStore;
  readonly #audit: AuditStore;
  readonly #tokens: TokenKeeper;
  readonly #webhooks: Webhooks;
  readonly #counters: Counters<Counter>;
  /** The round of telling that is under way. */
  #round: Promise<boolean> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RegistryStore(ctx.storage);
    this.#audit = new AuditStore(ctx.storage);
    this.#tokens = new TokenKeeper(new TokenStore(ctx.storage));
    this.#counters = new Counters<Counter>(counterNames, this.#store.counters());
    this.#webhooks = new Webhooks(new WebhookStore(ctx.storage), env, (name, by) =>
      this.#counters.add(name, by),
    );
    // Not under blockConcurrencyWhile: Topology may be asking us while it wakes.
    if (this.#store.told !== this.#store.changes) ctx.waitUntil(this.#tell());
  }

  /** All of a kind as JSON texts, oldest first. */
  async list(kind: ResourceKind): Promise<string[]> {
    await this.#expire();
    return this.#store.bodies(kind);
  }

  async get(kind: ResourceKind, id: string): Promise<string | undefined> {
    await this.#expire();
    return this.#store.body(kind, id);
  }

  /** Keeps the JSON text of a checked resource whose UUID is `id`; resolves when Topology was told. */
  async create(
    kind: ResourceKind,
    id: string,
    body: string,
    { duplicateKey, ttlMs }: CreateOptions = {},
  ): Promise<Created> {
    await this.#expire();
    if (duplicateKey !== undefined && this.#store.hasDuplicate(kind, duplicateKey))
      return { ok: false, status: 409, text: 'duplicated resource' };
    const most = KIND_MAX[kind] ?? limits.resourcesMax;
    if ((this.#store.sizes()[kind] ?? 0) >= most)
      return {
        ok: false,
        status: 507,
        text: `there are ${most} ${KIND_PLURALS[kind]} already, the most that are kept`,
      };
    if (this.#store.charsOf(kind) + body.length > limits.resourceCharsMax)
      return {
        ok: false,
        status: 507,
        text: `the ${KIND_PLURALS[kind]} that are kept have ${limits.resourceCharsMax} characters with this one, the most that are kept`,
      };
    const expiresMs = ttlMs === undefined ? undefined : Math.ceil(Date.now() + ttlMs);
    this.#store.insert({ kind, id, body, duplicateKey, expiresMs });
    await this.#plan();
    await this.#tell();
    return { ok: true };
  }

  /**
   * Replaces a resource's text, if it is still `before`; its place in the list and its end stay. `duplicateKey`: the key that makes
   * duplicates may change too.
   */
  async replace(
    kind: ResourceKind,
    id: string,
    { before, after, duplicateKey }: Replacement,
  ): Promise<Replaced> {
    await this.#expire();
    const now = this.#store.body(kind, id);
    if (now === undefined) return 'missing';
    if (now !== before) return 'changed';
    const replaced =
      duplicateKey === undefined
        ? this.#store.update(kind, id, after)
          ? 'replaced'
          : 'missing'
        : this.#store.replace(kind, id, after, duplicateKey);
    await this.#tell();
    return replaced;
  }

  /** False when there is no such resource. */
  async delete(kind: ResourceKind, id: string): Promise<boolean> {
    await this.#expire();
    const body = this.#store.remove(kind, id);
    if (body !== undefined && kind === 'injectpacket') await topologyOf(this.env).injectionsEnded([body]);
    await this.#tell();
    return body !== undefined;
  }

  /**
   * A host's probe, or Topology for it, says how far an injection has come. Answers the injection's text when that makes it
   * begin, end or fail; nothing for one that is gone.
   */
  async injectionReported(host: string, report: InjectionReport): Promise<string | undefined> {
    await this.#expire();
    const body = this.#store.body('injectpacket', report.uuid);
    if (body === undefined) return undefined;
    const nowMs = Date.now();
    const before = JSON.parse(body) as Injection;
    const after = withReport(before, report, host, nowMs);
    if (after === before) return undefined;
    const text = JSON.stringify(after);
    this.#store.amend('injectpacket', report.uuid, text);
    return progressOf(after, nowMs).State === progressOf(before, nowMs).State ? undefined : text;
  }

  /** An alert's action is to be told: kept first, sent soon, and again when that fails. */
  async tellAction(alert: string, url: string, body: string): Promise<void> {
    this.#webhooks.add(alert, url, body);
    this.ctx.waitUntil(this.#sendWebhooks());
  }

  async #sendWebhooks(): Promise<void> {
    await this.#webhooks.send();
    this.#counters.save((values) => this.#store.setCounters(values));
    await this.#plan();
  }

  /** Before a change: the number by which `addAudit` is told how it ended. */
  async beginAudit(entry: AuditEntry): Promise<number> {
    const seq = this.#audit.add([entry]);
    this.#pruneAudit();
    return seq;
  }

  /** `lost`: entries and outcomes that there was no place for. */
  async addAudit(
    entries: readonly AuditEntry[],
    lost: number,
    outcomes: readonly AuditOutcome[],
  ): Promise<void> {
    if (entries.length > 0) this.#audit.add(entries);
    if (outcomes.length > 0) this.#audit.end(outcomes);
    this.#counters.add('auditDropped', lost);
    this.#pruneAudit();
  }

  async findAudit(query: AuditQuery): Promise<AuditPage> {
    const keptSinceMs = this.#pruneAudit();
    return this.#audit.find({ ...query, sinceMs: Math.max(query.sinceMs, keptSinceMs) });
  }

  /** What is too old is not shown either, while it waits for its turn to go. */
  #pruneAudit(): number {
    const { keepMs, entriesMax } = readAuditSettings(this.env);
    const sinceMs = keepMs === 0 ? 0 : Date.now() - keepMs;
    this.#audit.prune(entriesMax, sinceMs);
    return sinceMs;
  }

  async makeToken(request: TokenRequest): Promise<MadeToken> {
    return this.#tokens.make(request);
  }

  /** Undefined for a token that is unknown, wrong, revoked or has ended; `digest` is that of the whole text. */
  async findToken(id: string, digest: string): Promise<StoredToken | undefined> {
    return this.#tokens.find(id, digest);
  }

  async listTokens(): Promise<StoredToken[]> {
    return this.#tokens.list();
  }

  async getToken(id: string): Promise<StoredToken | undefined> {
    return this.#tokens.get(id);
  }

  /** Ends a token, and every connection that was opened with it. False when there was none. */
  async revokeToken(id: string): Promise<boolean> {
    if (!this.#tokens.delete(id)) return false;
    const principal = tokenPrincipal(id);
    await Promise.all([
      topologyOf(this.env).endPrincipal(principal),
      ...shardsOf(this.env).map((shard) => shard.endPrincipal(principal)),
      ...hubsOf(this.env).map((hub) => hub.endPrincipal(principal)),
    ]);
    return true;
  }

  /** Sums of refusals from one isolate of the Worker. Unknown names are of another version and left out. */
  async addCounters(sums: Readonly<Partial<Record<ApiErrorCode | RateCounter, number>>>): Promise<void> {
    for (const code of [...apiErrorCodes, ...rateCounters]) this.#counters.add(code, sums[code] ?? 0);
    this.#counters.save((values) => this.#store.setCounters(values));
  }

  async status(): Promise<RegistryStatus> {
    await this.#expire();
    this.#pruneAudit();
    return {
      resources: { ...NONE, ...this.#store.sizes() },
      resourcesMax: limits.resourcesMax,
      expiring: this.#store.expiring,
      told: this.#store.told === this.#store.changes,
      webhooks: this.#webhooks.status(),
      auditEntries: this.#audit.size,
      counters: this.#counters.all(),
    };
  }

  override async alarm(): Promise<void> {
    await this.#expire();
    await this.#tell();
    await this.#sendWebhooks();
  }

  #told(): ToldResources {
    return Object.fromEntries(
      TOLD_KINDS.map((kind) => [kind, this.#store.bodies(kind).map((body) => JSON.parse(body) as unknown)]),
    ) as unknown as ToldResources;
  }

  /** What ended is gone even when its alarm is late. */
  async #expire(): Promise<void> {
    const removed = this.#store.expire(Date.now());
    if (removed.length === 0) return;
    this.#counters.add('expired', removed.length);
    this.#counters.save((values) => this.#store.setCounters(values));
    this.ctx.waitUntil(this.#tell());
    const injections = removed.flatMap(({ kind, body }) => (kind === 'injectpacket' ? [body] : []));
    if (injections.length > 0) this.ctx.waitUntil(topologyOf(this.env).injectionsEnded(injections));
  }

  /** Sets the alarm to the next end of a resource. */
  async #plan(): Promise<void> {
    const nextMs = Math.min(this.#store.nextExpiryMs ?? Infinity, this.#webhooks.nextMs ?? Infinity);
    if (nextMs < Infinity) await this.#alarmAt(Math.min(nextMs, Date.now() + ALARM_MAX_MS));
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
      await topologyOf(this.env).setResources(this.#told());
      this.#store.told = change;
      return true;
    } catch (error) {
      this.#counters.add('tellFailures');
      log('error', 'registry', 'resources not told to the topology', { error });
      await this.#alarmAt(Date.now() + RETRY_MS);
      return false;
    }
  }
}
