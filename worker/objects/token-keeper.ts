/**
 * Makes, finds and ends the tokens of a fabric. A secret has 256 random bits, so a fast digest of it (SHA-256) is as good
 * as a slow one, which is for passwords (decision 0051).
 */
import { ownToken } from '../../core/auth/credential.ts';
import { limits, timings } from '../../core/limits.ts';
import { digestOf } from '../auth/password.ts';
import type { StoredToken, TokenStore } from '../store/token-store.ts';

export interface TokenRequest {
  readonly name: string;
  readonly isSession: boolean;
  readonly roles: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  readonly hostId: string;
  readonly createdBy: string;
  readonly ttlMs: number | undefined;
}

export type MadeToken =
  | { readonly ok: true; readonly token: StoredToken; readonly text: string }
  | { readonly ok: false; readonly text: string };

export class TokenKeeper {
  readonly #store: TokenStore;
  readonly #lastUse = new Map<string, number>();

  constructor(store: TokenStore) {
    this.#store = store;
  }

  async make(request: TokenRequest): Promise<MadeToken> {
    const nowMs = Date.now();
    this.#store.clean(limits.sessionsMax - 1, nowMs);
    if (!request.isSession && this.#store.count(false) >= limits.tokensMax)
      return { ok: false, text: `there are ${limits.tokensMax} tokens already, the most that are kept` };
    const { id, text } = ownToken(
      request.isSession,
      crypto.getRandomValues(new Uint8Array(16)),
      crypto.getRandomValues(new Uint8Array(32)),
    );
    const token: StoredToken = {
      id,
      name: request.name,
      isSession: request.isSession,
      roles: request.roles,
      scopes: request.scopes,
      hostId: request.hostId,
      createdBy: request.createdBy,
      createdMs: nowMs,
      expiresMs: request.ttlMs === undefined ? undefined : nowMs + request.ttlMs,
      lastUsedMs: undefined,
    };
    this.#store.insert(token, await digestOf(text));
    return { ok: true, token, text };
  }

  find(id: string, digest: string): StoredToken | undefined {
    const nowMs = Date.now();
    const token = this.#store.find(id, digest, nowMs);
    if (token !== undefined) this.#noteUse(id, nowMs);
    return token;
  }

  /** Written at most once a minute: a row written costs more than the use it tells of. */
  #noteUse(id: string, nowMs: number): void {
    if (nowMs - (this.#lastUse.get(id) ?? 0) < timings.tokenUseNotedMs) return;
    if (this.#lastUse.size > limits.tokensMax) this.#lastUse.clear();
    this.#lastUse.set(id, nowMs);
    this.#store.used(id, nowMs);
  }

  list(): StoredToken[] {
    return this.#store.list(Date.now());
  }

  get(id: string): StoredToken | undefined {
    return this.#store.get(id, Date.now());
  }

  delete(id: string): boolean {
    return this.#store.delete(id);
  }
}
