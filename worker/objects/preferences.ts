/**
 * What one principal keeps for the page: saved views. An object of itty-durable: calls come as requests with their arguments in a header, state is one
 * value in storage, and whoever can send it a raw request can overwrite that. So it stands alone, holds nothing that anything else relies on, and
 * only `preferencesOf` (stubs.ts) speaks with it: nothing that a client sends is ever forwarded here (decision 0077).
 */
import { createDurable } from 'itty-durable/itty-durable.js';
import type { View } from '../../core/view/view.ts';
import { limits } from '../../core/limits.ts';

export class Preferences extends createDurable() {
  /** By name, oldest first; all of it is what is stored. */
  views: Record<string, View>;

  constructor(state: DurableObjectState) {
    // It would wrap every binding it is given, and needs none.
    super(state, {});
    this.views = {};
  }

  list(): View[] {
    return Object.values(this.views);
  }

  /** Headers hold no other characters: percent-encoded JSON. False when there are `viewsMax` already. */
  async save(encoded: string): Promise<boolean> {
    const view = JSON.parse(decodeURIComponent(encoded)) as View;
    if (!Object.hasOwn(this.views, view.Name) && Object.keys(this.views).length >= limits.viewsMax)
      return false;
    this.views = { ...this.views, [view.Name]: view };
    await this.persist();
    return true;
  }

  /** False when there is none. */
  async forget(encoded: string): Promise<boolean> {
    const name = decodeURIComponent(encoded);
    if (!Object.hasOwn(this.views, name)) return false;
    const { [name]: _gone, ...views } = this.views;
    this.views = views;
    await this.persist();
    return true;
  }
}
