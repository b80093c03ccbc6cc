/** How much of the audit trail is kept, as the analyzer's variables say it: an age and a count, whichever is reached first. */
import { limits, timings } from '../limits.ts';
import { readDurationMs, variableReader } from './variables.ts';

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
  const { orDefault, faults } = variableReader(variables);
  return {
    keepMs: orDefault('EDGEDIVE_AUDIT_KEEP', readDurationMs, timings.auditKeptMs),
    entriesMax: orDefault('EDGEDIVE_AUDIT_ENTRIES', entriesOf, limits.auditEntries),
    faults,
  };
}

function entriesOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= limits.auditEntriesMax) return count;
  throw new RangeError(`must be a whole number from 1 to ${limits.auditEntriesMax}`);
}
