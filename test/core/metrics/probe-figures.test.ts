import { expect, test } from 'vitest';
import { probeFamilies } from '../../../core/metrics/probe-figures.ts';

const samplesOf = (status: string, name: string) =>
  probeFamilies([{ hostId: 'h1', elements: 4, status }]).find((family) => family.name === name)?.samples;

test('numbers of a report are found by their place', () => {
  const status = JSON.stringify({ captures: { packetsReceived: 10 }, links: { flow: { flowsDropped: 2 } } });
  expect(samplesOf(status, 'edgedive_probe_packets_received_total')).toEqual([
    { labels: { host: 'h1' }, value: 10 },
  ]);
  expect(samplesOf(status, 'edgedive_probe_flows_dropped_total')).toEqual([
    { labels: { host: 'h1' }, value: 2 },
  ]);
  expect(samplesOf(status, 'edgedive_probe_elements')).toEqual([{ labels: { host: 'h1' }, value: 4 }]);
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"captures":null}',
  '{"captures":{"packetsReceived":"10"}}',
  '{"captures":[]}',
])('a report that says nothing of it leaves it out: %s', (status) => {
  expect(samplesOf(status, 'edgedive_probe_packets_received_total')).toEqual([]);
});
