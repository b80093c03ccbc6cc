/**
 * What captures learn of their nodes beside flows (the counters of sFlow exporters) goes into the nodes' metadata when it
 * has changed, and leaves with the capture.
 */
import type { Json, Metadata } from '../../core/graph/element.ts';

interface Told {
  readonly nodeId: string;
  readonly key: string;
  readonly text: string;
}

/** null removes the key. */
type Tell = (nodeId: string, key: string, value: Json) => void;

export class LearntMetadata {
  readonly #tell: Tell;
  /** As told last, by node and key. */
  #told = new Map<string, Told>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** All that is known now. Of two captures that learnt one key of a node, the later in the list is shown. */
  look(known: readonly (readonly [nodeId: string, metadata: Metadata])[]): void {
    const now = new Map<string, Told>();
    const values = new Map<string, Json>();
    for (const [nodeId, metadata] of known) {
      for (const [key, value] of Object.entries(metadata)) {
        now.set(`${nodeId} ${key}`, { nodeId, key, text: JSON.stringify(value) });
        values.set(`${nodeId} ${key}`, value);
      }
    }
    for (const [id, { nodeId, key, text }] of now)
      if (this.#told.get(id)?.text !== text) this.#tell(nodeId, key, values.get(id)!);
    for (const [id, { nodeId, key }] of this.#told) if (!now.has(id)) this.#tell(nodeId, key, null);
    this.#told = now;
  }
}
