/** What the analyzer says to whoever runs it: JSON by the line, under the id that the client got. */
import { afterEach, expect, test, vi } from 'vitest';
import { log } from '../../worker/log.ts';
import { namespaceOf, requestWith } from './routes/with-env.ts';

const said = (): Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>);
let lines: string[] = [];
for (const level of ['log', 'warn', 'error'] as const)
  vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line));
afterEach(() => {
  lines = [];
});

test('a failure is told under the id that the answer carries, with its stack', async () => {
  const TOPOLOGY = namespaceOf({
    query: () => {
      throw new Error('broken "here"\nand there');
    },
  });
  const body = JSON.stringify({ GremlinQuery: 'G.V()' });
  const answer = await requestWith({ TOPOLOGY }, '/api/topology', { method: 'POST', body });
  expect(answer.status).toBe(500);
  const line = said().find(({ message }) => message === 'failed');
  expect(line).toMatchObject({ level: 'error', by: 'request', method: 'POST', path: '/api/topology' });
  expect(line!['request']).toBe(answer.headers.get('X-Request-Id'));
  expect(line!['error']).toMatch(/^Error: broken "here"\nand there\n +at /);
});

test('requests are told where that is wanted, without what they asked', async () => {
  await requestWith({}, '/api?token=secret');
  expect(said()).toEqual([]);
  const answer = await requestWith({ EDGEDIVE_LOG_REQUESTS: 'on' }, '/api?token=secret');
  expect(said()).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      level: 'info',
      by: 'request',
      message: 'answered',
      request: answer.headers.get('X-Request-Id'),
      method: 'GET',
      path: '/api',
      status: 200,
      ms: expect.any(Number) as number,
      principal: 'admin',
    },
  ]);
  const refused = await requestWith({ EDGEDIVE_LOG_REQUESTS: 'on' }, '/api/nothing');
  expect(said()[1]).toMatchObject({ status: refused.status, path: '/api/nothing' });
});

test('a warning has the text of its error alone', () => {
  log('warn', 'flow hub', 'a filter failed', { filter: 'G.Flows()', error: new Error('why') });
  expect(said()[0]).toMatchObject({ level: 'warn', filter: 'G.Flows()', error: 'why' });
});
