/** Throws when one of our own assumptions is broken: a programming mistake, never a user's input. */
export function invariant(condition: unknown, text: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${text}`);
}

/** The text of anything thrown, for logs and for `lastError` fields that people read. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
