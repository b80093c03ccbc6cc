/**
 * What the analyzer says to whoever runs it: one line of JSON each, so that `wrangler tail`, Workers Logs and journald search it by its members.
 * `request` is the id that the answer carried as X-Request-Id.
 */
import { messageOf } from '../core/errors.ts';

type Level = 'info' | 'warn' | 'error';

export interface LogFields {
  readonly request?: string;
  /** Anything thrown; our own mistakes are told with their stack. */
  readonly error?: unknown;
  readonly [member: string]: unknown;
}

/** `by` is the part that speaks: `topology`, `flow shard`, `request`, … */
export function log(level: Level, by: string, message: string, fields: LogFields = {}): void {
  const { error, ...rest } = fields;
  const told = error === undefined ? {} : { error: level === 'error' ? stackOf(error) : messageOf(error) };
  const line = JSON.stringify({ time: new Date().toISOString(), level, by, message, ...rest, ...told });
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

function stackOf(error: unknown): string {
  return (error instanceof Error && error.stack) || messageOf(error);
}
