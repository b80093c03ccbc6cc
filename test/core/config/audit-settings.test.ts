import { expect, test } from 'vitest';
import { readAuditSettings } from '../../../core/config/audit-settings.ts';

test('variables that are absent or wrong have their default', () => {
  const usual = { keepMs: 90 * 86_400_000, entriesMax: 100_000 };
  expect(readAuditSettings({})).toEqual({ ...usual, faults: [] });
  expect(readAuditSettings({ EDGEDIVE_AUDIT_KEEP: '24h', EDGEDIVE_AUDIT_ENTRIES: '5' })).toEqual({
    keepMs: 86_400_000,
    entriesMax: 5,
    faults: [],
  });
  expect(readAuditSettings({ EDGEDIVE_AUDIT_KEEP: '-1s', EDGEDIVE_AUDIT_ENTRIES: '1000001' })).toEqual({
    ...usual,
    faults: [
      'EDGEDIVE_AUDIT_KEEP: negative duration "-1s"',
      'EDGEDIVE_AUDIT_ENTRIES: must be a whole number from 1 to 1000000',
    ],
  });
});
