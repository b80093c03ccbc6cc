/** How much of the audit trail is kept, as the analyzer's variables say it: an age and a count, whichever is reached first. */
import { messageOf } from '../errors.ts';
import { parseGoDuration } from '../go-duration.ts';
import { limits, timings } from '../limits.ts';

export interface AuditSettings {
  /** 0: of any age. */
  readonly keepMs: number;
  readonly entriesMax: number;
  /** What was wrong with the variables; then the default holds in its place. */
  readonly faults: readonly string[];
}

/** Variables that are absent or empty have their default. */
export function readAuditSettings(variables: {
  readonly EDGEDIVE_AUDIT_KEEP?: string;
  readonly EDGEDIVE_AUDIT_ENTRIES?: string;
}): AuditSettings {
  const faults: string[] = [];
  const orDefault = (name: keyof typeof variables, read: (text: string) => number, other: number): number => {
    const text = variables[name] ?? '';
    if (text === '') return other;
    try {
      return read(text);
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
      return other;
    }
  };
  return {
    keepMs: orDefault('EDGEDIVE_AUDIT_KEEP', keepOf, timings.auditKeptMs),
    entriesMax: orDefault('EDGEDIVE_AUDIT_ENTRIES', entriesOf, limits.auditEntries),
    faults,
  };
}

function keepOf(text: string): number {
  const ms = Math.trunc(parseGoDuration(text));
  if (ms < 0) throw new RangeError(`negative duration "${text}"`);
  return ms;
}

function entriesOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= limits.auditEntriesMax) return count;
  throw new RangeError(`must be a whole number from 1 to ${limits.auditEntriesMax}`);
}
