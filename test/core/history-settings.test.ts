import { describe, expect, it } from 'vitest';
import { readHistorySettings } from '../../core/history-settings.ts';
import { limits, timings } from '../../core/limits.ts';

describe('readHistorySettings', () => {
  it('keeps a week and 2 GiB unless told otherwise', () => {
    const byDefault = { keepMs: 7 * 86_400_000, bytesMax: 2_147_483_648, faults: [] };
    expect(readHistorySettings({})).toEqual(byDefault);
    expect(readHistorySettings({ EDGEDIVE_HISTORY: ' ', EDGEDIVE_HISTORY_BYTES: '' })).toEqual(byDefault);
  });

  it.each([
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['0', 0],
    ['0s', 0],
  ])('reads the duration %s', (text, keepMs) => {
    expect(readHistorySettings({ EDGEDIVE_HISTORY: text })).toMatchObject({ keepMs, faults: [] });
  });

  it.each([
    ['500000000', 500_000_000],
    ['64MiB', 67_108_864],
    ['1.5 GB', 1_500_000_000],
    ['2TiB', 2_199_023_255_552],
    ['2000000B', 2_000_000],
  ])('reads the size %s', (text, bytesMax) => {
    expect(readHistorySettings({ EDGEDIVE_HISTORY_BYTES: text })).toMatchObject({ bytesMax, faults: [] });
  });

  it.each([
    [{ EDGEDIVE_HISTORY: '-1h' }, 'EDGEDIVE_HISTORY: negative duration "-1h"'],
    [{ EDGEDIVE_HISTORY: '5' }, 'EDGEDIVE_HISTORY: time: missing unit in duration "5"'],
    [{ EDGEDIVE_HISTORY_BYTES: '-1' }, 'EDGEDIVE_HISTORY_BYTES: "-1" is no size, as 2GiB or 500000000 are'],
    [{ EDGEDIVE_HISTORY_BYTES: '1KiB' }, 'EDGEDIVE_HISTORY_BYTES: "1KiB" is less than 1500000 bytes'],
  ])('says what is wrong with %j, and keeps the default', (variables, fault) => {
    const settings = readHistorySettings(variables);
    expect(settings).toEqual({
      keepMs: timings.historyMs,
      bytesMax: limits.historyBytesMax,
      faults: [fault],
    });
  });
});
