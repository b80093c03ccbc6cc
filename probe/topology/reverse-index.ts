/** Who points to what, asked backwards. Each key points to one target at most. */
export class ReverseIndex {
  readonly #targetOf = new Map<string, string>();
  readonly #keysOf = new Map<string, Set<string>>();

  /** undefined: to nothing any more. */
  set(key: string, target: string | undefined): void {
    const before = this.#targetOf.get(key);
    if (before === target) return;
    if (before !== undefined) {
      const keys = this.#keysOf.get(before);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysOf.delete(before);
    }
    if (target === undefined) {
      this.#targetOf.delete(key);
      return;
    }
    this.#targetOf.set(key, target);
    const keys = this.#keysOf.get(target);
    if (keys === undefined) this.#keysOf.set(target, new Set([key]));
    else keys.add(key);
  }

  /** A copy: what is done to one of them may change where it points. */
  keysOf(target: string): string[] {
    return [...(this.#keysOf.get(target) ?? [])];
  }
}
