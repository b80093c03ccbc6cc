/**
 * What one principal keeps (core/preferences.ts), in an object of its own, by itty-durable: small, seldom written, whole under one key. Such an object
 * does what any request that reaches it says, and takes arguments in a header; so nothing reaches it but `preferencesOf`, which
 * makes its requests anew (decision 0081).
 */
import { createDurable } from 'itty-durable/itty-durable.js';
import { proxyDurable } from 'itty-durable/proxy-durable.js';
import type { Principal } from '../../core/auth/principal.ts';
import { limits } from '../../core/limits.ts';

export class Preferences extends createDurable() {
  /** Name → JSON. */
  kept: Record<string, string> = {};

  list(): Readonly<Record<string, string>> {
    return this.kept;
  }

  /** False when there are too many. */
  async put(name: string, text: string): Promise<boolean> {
    const isNew = !Object.hasOwn(this.kept, name);
    if (isNew && Object.keys(this.kept).length >= limits.preferencesMax) return false;
    this.kept = { ...this.kept, [name]: text };
    await this.persist();
    return true;
  }

  /** False when there was none. */
  async remove(name: string): Promise<boolean> {
    if (!Object.hasOwn(this.kept, name)) return false;
    const { [name]: _removed, ...rest } = this.kept;
    this.kept = rest;
    await this.persist();
    return true;
  }
}

/** What of the object others may call. */
interface PreferencesStub {
  list(): Promise<Readonly<Record<string, string>>>;
  put(name: string, text: string): Promise<boolean>;
  remove(name: string): Promise<boolean>;
}

/** Where nobody is asked who they are, all have the same. */
export function preferencesOf(env: Env, { kind, name }: Principal): PreferencesStub {
  // The name goes into a header too.
  const key = encodeURIComponent(`${kind}:${name}`);
  return proxyDurable(env.PREFERENCES, { name: 'PREFERENCES', parse: true }).get(
    `${env.EDGEDIVE_FABRIC}/preferences/${key}`,
  ) as PreferencesStub;
}
