/**
 * Counters of one object: what it took, refused, dropped and closed, for the status. They are kept in its tables
 * whenever it writes anyway, so that an eviction loses at most what happened since.
 */
export class Counters<Name extends string> {
  readonly #values: Record<Name, number>;
  #changed = false;

  /** `stored` may hold names of older versions; they are left out. */
  constructor(names: readonly Name[], stored: Readonly<Record<string, number>> = {}) {
    this.#values = Object.fromEntries(names.map((name) => [name, stored[name] ?? 0])) as Record<Name, number>;
  }

  add(name: Name, by = 1): void {
    if (by === 0) return;
    this.#values[name] += by;
    this.#changed = true;
  }

  get(name: Name): number {
    return this.#values[name];
  }

  all(): Readonly<Record<Name, number>> {
    return { ...this.#values };
  }

  /** Gives them to `save` when they changed since the last time. */
  save(save: (values: Readonly<Record<string, number>>) => void): void {
    if (!this.#changed) return;
    save(this.#values);
    this.#changed = false;
  }
}
