/**
 * How long and how much of the past is kept, as the analyzer's variables say it: `EDGEDIVE_HISTORY`, a Go duration
 * ("168h"; "0" keeps none), and `EDGEDIVE_HISTORY_BYTES`, what one object may store ("2GiB", "500000000").
 */
import { readDurationMs, variableReader } from './config/variables.ts';
import { limits, timings } from './limits.ts';

export interface HistorySettings {
  /** 0: nothing of the past is kept, and there is no history to ask. */
  readonly keepMs: number;
  readonly bytesMax: number;
  /** What was wrong with the variables; then the default holds in its place. */
  readonly faults: readonly string[];
}

const SIZE = /^(\d+(?:\.\d+)?) ?(|B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** Variables that are absent or empty have their default. */
export function readHistorySettings(variables: {
  readonly EDGEDIVE_HISTORY?: string;
  readonly EDGEDIVE_HISTORY_BYTES?: string;
}): HistorySettings {
  const { orDefault, faults } = variableReader(variables);
  return {
    keepMs: orDefault('EDGEDIVE_HISTORY', readDurationMs, timings.historyMs),
    bytesMax: orDefault(
      'EDGEDIVE_HISTORY_BYTES',
      (text) => readSize(text, limits.rowBytesMax),
      limits.historyBytesMax,
    ),
    faults,
  };
}

/** Bytes of a text like 2GiB. Throws RangeError. */
export function readSize(text: string, bytesMin: number): number {
  const parts = SIZE.exec(text);
  if (parts === null) throw new RangeError(`"${text}" is no size, as 2GiB or 500000000 are`);
  const [, number, unit = ''] = parts;
  const power = ' KMGT'.indexOf(unit.charAt(0) === 'B' ? ' ' : unit.charAt(0));
  const size = Math.trunc(Number(number) * (unit.endsWith('iB') ? 1024 : 1000) ** Math.max(power, 0));
  if (size < bytesMin) throw new RangeError(`"${text}" is less than ${bytesMin} bytes`);
  return size;
}
