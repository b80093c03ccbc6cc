import { expect, test } from 'vitest';
import { exposition, snakeCase } from '../../../core/metrics/exposition.ts';
import { Histogram, histogramSamples } from '../../../core/metrics/histogram.ts';

test('a family is its help, its type and a line a sample', () => {
  expect(
    exposition([
      {
        name: 'edgedive_nodes',
        help: 'Nodes\nof \\ all',
        type: 'gauge',
        samples: [{ value: 3 }, { labels: { host: 'a"b\\c\nd', kind: 'x' }, value: 0.5 }],
      },
      { name: 'edgedive_nothing', help: 'None', type: 'counter', samples: [] },
    ]),
  ).toBe(
    '# HELP edgedive_nodes Nodes\\nof \\\\ all\n# TYPE edgedive_nodes gauge\n' +
      'edgedive_nodes 3\nedgedive_nodes{host="a\\"b\\\\c\\nd",kind="x"} 0.5\n',
  );
});

test('buckets of a histogram are cumulative and end with all', () => {
  const times = new Histogram([0.01, 0.1]);
  for (const seconds of [0.005, 0.01, 0.05, 7]) times.add(seconds);
  expect(histogramSamples(times.state(), {})).toEqual([
    { suffix: '_bucket', labels: { le: '0.01' }, value: 2 },
    { suffix: '_bucket', labels: { le: '0.1' }, value: 3 },
    { suffix: '_bucket', labels: { le: '+Inf' }, value: 4 },
    { suffix: '_sum', labels: {}, value: 7.065 },
    { suffix: '_count', labels: {}, value: 4 },
  ]);
});

test.each([
  ['probesRefused', 'probes_refused'],
  ['messagesAnswered400', 'messages_answered400'],
  ['queries', 'queries'],
])('%s becomes %s', (name, snake) => {
  expect(snakeCase(name)).toBe(snake);
});
