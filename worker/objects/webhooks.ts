/**
 * Tells alerts' actions, from a queue on disk: again after a failure, later and later, given up after the last attempt; a
 * receiver may therefore hear a thing twice, with one id. Redirects are not followed: they lead where nobody allowed.
 */
import { signedText, webhookFault, WEBHOOK_RETRY_MS } from '../../core/alert/webhook.ts';
import { messageOf } from '../../core/errors.ts';
import { limits, timings } from '../../core/limits.ts';
import { inTime } from '../in-time.ts';
import type { Webhook, WebhookStore } from '../store/webhook-store.ts';

export type WebhookCounter =
  | 'webhooksSent'
  | 'webhookFailures'
  | 'webhooksGivenUp'
  | 'webhooksRefused'
  | 'webhooksShed';
export const webhookCounters: readonly WebhookCounter[] = [
  'webhooksSent',
  'webhookFailures',
  'webhooksGivenUp',
  'webhooksRefused',
  'webhooksShed',
];

const AT_ONCE = 8;

export class Webhooks {
  readonly #store: WebhookStore;
  readonly #env: Env;
  readonly #count: (name: WebhookCounter, by?: number) => void;
  /** Alert → what became of the last attempt that failed. */
  readonly #faults = new Map<string, string>();
  #running: Promise<void> | undefined;

  constructor(store: WebhookStore, env: Env, count: (name: WebhookCounter, by?: number) => void) {
    this.#store = store;
    this.#env = env;
    this.#count = count;
  }

  status(): { readonly waiting: number; readonly faults: Readonly<Record<string, string>> } {
    return { waiting: this.#store.size, faults: Object.fromEntries(this.#faults) };
  }

  get nextMs(): number | undefined {
    return this.#store.nextMs;
  }

  add(alert: string, url: string, body: string): void {
    this.#store.add({ id: `msg_${crypto.randomUUID()}`, alert, url, body }, Date.now());
    this.#count('webhooksShed', this.#store.shed(limits.webhooksWaitingMax));
  }

  /** Sends what is due; resolves when nothing of it is left. */
  async send(): Promise<void> {
    this.#running ??= this.#sendDue().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #sendDue(): Promise<void> {
    for (;;) {
      const due = this.#store.due(Date.now(), AT_ONCE);
      if (due.length === 0) return;
      await Promise.all(due.map((webhook) => this.#attempt(webhook)));
    }
  }

  async #attempt(webhook: Webhook): Promise<void> {
    const { EDGEDIVE_WEBHOOK_PRIVATE: isPrivate, EDGEDIVE_WEBHOOK_HOSTS: hosts } = this.#env;
    const fault = webhookFault(webhook.url, {
      allowsPrivate: isPrivate === 'on',
      hosts: hosts.split(',').flatMap((host) => host.trim().toLowerCase() || []),
    });
    if (fault !== undefined) {
      this.#count('webhooksRefused');
      this.#ended(webhook, `not told: ${fault}`);
      return;
    }
    try {
      const answer = await this.#post(webhook);
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      this.#count('webhooksSent');
      this.#ended(webhook, undefined);
    } catch (error) {
      this.#failed(webhook, messageOf(error));
    }
  }

  #post(webhook: Webhook): Promise<Response> {
    return inTime(timings.webhookMs, (signal) => this.#send(webhook, signal));
  }

  async #send({ id, url, body }: Webhook, signal: AbortSignal): Promise<Response> {
    const timestampS = Math.floor(Date.now() / 1_000);
    const secret = this.#env.EDGEDIVE_WEBHOOK_SECRET ?? '';
    const request = new Request(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'edgedive',
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        ...(secret !== '' && {
          'webhook-signature': await signature(secret, signedText(id, timestampS, body)),
        }),
      },
      body,
      signal,
    });
    return this.#env.EDGEDIVE_WEBHOOKS === undefined
      ? fetch(request)
      : this.#env.EDGEDIVE_WEBHOOKS.fetch(request);
  }

  #failed(webhook: Webhook, reason: string): void {
    this.#count('webhookFailures');
    const waitMs = WEBHOOK_RETRY_MS[webhook.attempts];
    if (waitMs === undefined) {
      this.#count('webhooksGivenUp');
      this.#ended(webhook, `given up after ${webhook.attempts + 1} attempts: ${reason}`);
      return;
    }
    this.#faults.set(webhook.alert, reason);
    this.#store.again(webhook.seq, webhook.attempts + 1, Date.now() + waitMs);
  }

  #ended({ seq, alert }: Webhook, fault: string | undefined): void {
    this.#store.delete(seq);
    if (fault === undefined) this.#faults.delete(alert);
    else this.#faults.set(alert, fault);
    if (this.#faults.size > limits.alertsMax) this.#faults.clear();
  }
}

/** `v1,` and the HMAC in base64. A secret that begins with `whsec_` is base64, any other is taken as it is. */
async function signature(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = secret.startsWith('whsec_')
    ? Uint8Array.from(atob(secret.slice('whsec_'.length)), (character) => character.codePointAt(0) ?? 0)
    : encoder.encode(secret);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  return `v1,${btoa(String.fromCodePoint(...mac))}`;
}
