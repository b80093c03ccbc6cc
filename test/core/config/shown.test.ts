/** `/api/config/{key}`: rows R68 and R69 of the REST reference notes, section 17. */
import { expect, test } from 'vitest';
import { configAt, shownConfig } from '../../../core/config/shown.ts';

const shown = shownConfig({
  EDGEDIVE_HOST_ID: 'h1',
  EDGEDIVE_LISTEN: '127.0.0.1:8082',
  EDGEDIVE_HISTORY: '1h',
  EDGEDIVE_USERS: '{"ann":"secret-1"}',
  EDGEDIVE_ADMIN_TOKEN: 'secret-2',
  EDGEDIVE_PROBE_TOKEN: 'secret-3',
  EDGEDIVE_WEBHOOK_SECRET: 'secret-4',
});

test.each([
  ['host_id', 'h1'],
  ['HOST_ID', 'h1'],
  ['analyzer.listen', '127.0.0.1:8082'],
  ['analyzers', ['127.0.0.1:8082']],
  ['analyzer.topology.backend', 'memory'],
  ['flow.expire', 600],
  ['history.keep', '1h'],
  ['history.bytes', '2GiB'],
  ['agent.topology.probes', null],
  ['ui', {}],
  ['ui.topology', ''],
  ['nosuch', ''],
  ['', ''],
  ['__proto__', ''],
  ['host_id.length', ''],
  ['auth.users', ''],
  ['auth.admin_token', ''],
])('%s is %j (R68)', (key, value) => {
  expect(configAt(shown, key)).toEqual(value);
});

test('no secret is shown under any key (R69)', () => {
  expect(JSON.stringify(shown)).not.toContain('secret-');
  expect(configAt(shown, 'auth')).toMatchObject({ basic: { type: 'basic' } });
});
