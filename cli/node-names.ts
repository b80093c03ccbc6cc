/** Names of the nodes that flows were captured on, by TID: asked once each. */
import type { Json } from '../core/graph/element.ts';
import { isJsonObject } from '../core/graph/metadata.ts';
import type { Analyzer } from './analyzer.ts';

/** TIDs in one query. */
const ASKED_AT_ONCE = 200;

export class NodeNames {
  readonly #analyzer: Analyzer;
  readonly #names = new Map<string, string>();

  constructor(analyzer: Analyzer) {
    this.#analyzer = analyzer;
  }

  /** "" when it is not known. */
  of(tid: string): string {
    return this.#names.get(tid) ?? '';
  }

  /** Asks for those that are new. A node that is gone stays without a name. */
  async learn(tids: readonly string[]): Promise<void> {
    const unknown = [...new Set(tids)].filter((tid) => tid !== '' && !this.#names.has(tid));
    for (let at = 0; at < unknown.length; at += ASKED_AT_ONCE)
      await this.#ask(unknown.slice(at, at + ASKED_AT_ONCE));
  }

  async #ask(tids: readonly string[]): Promise<void> {
    for (const tid of tids) this.#names.set(tid, '');
    const list = tids.map((tid) => JSON.stringify(tid)).join(', ');
    const nodes = (await this.#analyzer.query(`G.V().Has('TID', Within(${list}))`)) as Json;
    for (const node of Array.isArray(nodes) ? (nodes as readonly Json[]) : []) {
      const metadata = isJsonObject(node) ? node['Metadata'] : undefined;
      if (!isJsonObject(metadata)) continue;
      const { TID, Name } = metadata;
      if (typeof TID === 'string' && typeof Name === 'string') this.#names.set(TID, Name);
    }
  }
}
