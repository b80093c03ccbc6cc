/** What of the past goes into the archive, and how long it is kept there, as the analyzer's variables say it. */
import { readDurationMs, variableReader } from '../config/variables.ts';
import { readSize } from '../history-settings.ts';
import { limits, timings } from '../limits.ts';

export interface ArchiveSettings {
  /** How long flows stay in their shard; then they are archived. */
  readonly hotMs: number;
  readonly keepMs: number;
  /** Of one shard. */
  readonly bytesMax: number;
  /** What was wrong with the variables; then the default holds in its place. */
  readonly faults: readonly string[];
}

/** Variables that are absent or empty have their default. */
export function readArchiveSettings(variables: {
  readonly EDGEDIVE_HISTORY_HOT?: string;
  readonly EDGEDIVE_ARCHIVE_KEEP?: string;
  readonly EDGEDIVE_ARCHIVE_BYTES?: string;
}): ArchiveSettings {
  const { orDefault, faults } = variableReader(variables);
  return {
    hotMs: orDefault('EDGEDIVE_HISTORY_HOT', readDurationMs, timings.historyHotMs),
    keepMs: orDefault('EDGEDIVE_ARCHIVE_KEEP', readDurationMs, timings.archiveMs),
    bytesMax: orDefault(
      'EDGEDIVE_ARCHIVE_BYTES',
      (text) => readSize(text, limits.rowBytesMax),
      limits.archiveBytesMax,
    ),
    faults,
  };
}
