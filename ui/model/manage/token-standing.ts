/** Whether a token may still be used, and when it was. */
import type { Token } from '../../../core/api/operations.ts';

export interface TokenStanding {
  readonly hasEnded: boolean;
  /** RFC 3339; undefined for never. */
  readonly endsAt: string | undefined;
  readonly usedAt: string | undefined;
}

export function tokenStanding(
  { ExpiresAt, LastUsedAt }: Pick<Token, 'ExpiresAt' | 'LastUsedAt'>,
  nowMs: number,
): TokenStanding {
  return {
    hasEnded: ExpiresAt !== null && Date.parse(ExpiresAt) <= nowMs,
    endsAt: ExpiresAt ?? undefined,
    usedAt: LastUsedAt ?? undefined,
  };
}
