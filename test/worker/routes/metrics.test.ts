/** `/metrics`: Prometheus' text format 0.0.4, with every counter that the status shows. */
import { expect, test } from 'vitest';
import { get, post } from '../http.ts';
import { snakeCase } from '../../../core/metrics/exposition.ts';

const LINE =
  /^[a-z_][a-z0-9_]*(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? (-?[\d.e+-]+|\+Inf)$/;

test('every line is a comment or a sample, every family is told once', async () => {
  const answer = await get('/metrics');
  expect(answer.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = answer.text.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('# ') && !LINE.test(line))).toEqual([]);
  const told = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]);
  expect(new Set(told).size).toBe(told.length);
});

test('a query and what it refuses is seen', async () => {
  const value = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await get('/metrics')).text)?.[1]);
  const before = [
    await value('edgedive_topology_queries_total'),
    await value('edgedive_topology_queries_refused_total'),
    await value('edgedive_query_duration_seconds_count'),
  ] as const;
  await post('/api/topology', { GremlinQuery: 'G.V().Count()' });
  await post('/api/topology', { GremlinQuery: 'G.V().Bogus()' });
  expect(await value('edgedive_topology_queries_total')).toBe(before[0] + 2);
  expect(await value('edgedive_topology_queries_refused_total')).toBe(before[1] + 1);
  expect(await value('edgedive_query_duration_seconds_count')).toBe(before[2] + 2);
  expect(await value('edgedive_object_up{object="flow_shard",index="0"}')).toBe(1);
});

test('no counter of the status is missing', async () => {
  const status = JSON.parse((await get('/api/status')).text) as {
    readonly Edgedive: {
      readonly Topology: { readonly counters: object };
      readonly Registry: { readonly counters: object };
    };
  };
  const { text } = await get('/metrics');
  const { Topology, Registry } = status.Edgedive;
  const wanted = [
    ...Object.keys(Topology.counters).map((name) => `edgedive_topology_${snakeCase(name)}_total`),
    ...Object.keys(Registry.counters).map((name) => `edgedive_registry_${snakeCase(name)}_total`),
  ];
  expect(wanted.filter((name) => !text.includes(`\n# TYPE ${name} counter\n`))).toEqual([]);
});
