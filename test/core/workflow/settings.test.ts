import { expect, test } from 'vitest';
import { limits, timings } from '../../../core/limits.ts';
import { readWorkflowSettings } from '../../../core/workflow/settings.ts';

const DEFAULTS = {
  timeMs: timings.scriptMs,
  memoryBytes: limits.scriptMemoryBytes,
  queries: limits.scriptQueries,
};

test('variables that are absent or empty have their default', () => {
  expect(readWorkflowSettings({})).toEqual({ ...DEFAULTS, faults: [] });
  expect(readWorkflowSettings({ EDGEDIVE_WORKFLOW_TIME: ' ', EDGEDIVE_WORKFLOW_MEMORY: '' })).toEqual({
    ...DEFAULTS,
    faults: [],
  });
});

test('variables count', () => {
  expect(
    readWorkflowSettings({
      EDGEDIVE_WORKFLOW_TIME: '1m30s',
      EDGEDIVE_WORKFLOW_MEMORY: '16MiB',
      EDGEDIVE_WORKFLOW_QUERIES: '7',
    }),
  ).toEqual({ timeMs: 90_000, memoryBytes: 16 * 1_048_576, queries: 7, faults: [] });
});

test.each([
  ['EDGEDIVE_WORKFLOW_TIME', '5'],
  ['EDGEDIVE_WORKFLOW_TIME', '-1s'],
  ['EDGEDIVE_WORKFLOW_TIME', '2h'],
  ['EDGEDIVE_WORKFLOW_MEMORY', '1MiB'],
  ['EDGEDIVE_WORKFLOW_MEMORY', '1GiB'],
  ['EDGEDIVE_WORKFLOW_MEMORY', 'much'],
  ['EDGEDIVE_WORKFLOW_QUERIES', '-1'],
  ['EDGEDIVE_WORKFLOW_QUERIES', '1e3'],
])('%s=%s is told and the default holds', (name, value) => {
  const { faults, ...settings } = readWorkflowSettings({ [name]: value });
  expect(settings).toEqual(DEFAULTS);
  expect(faults).toEqual([expect.stringContaining(`${name}: `)]);
});
