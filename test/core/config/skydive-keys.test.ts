/** Which keys are Skydive's: whole ones, so that none of ours can be misspelt into one of them. */
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../core/config/read-config.ts';
import { SETTINGS } from '../../../core/config/settings.ts';

const read = (key: string, value: unknown = 'x') => readConfig([{ key, value, line: 3 }]);

describe('a misspelt key is an error that names the nearest', () => {
  test.each([
    ['tls.sever_cert', 'tls.server_cert'],
    ['tls.server_ky', 'tls.server_key'],
    ['tls.client_crt', 'tls.client_cert'],
    ['auth.admin_tokn', 'auth.admin_token'],
    ['auth.mod', 'auth.mode'],
    ['auth.basic.usrs', 'auth.basic.users'],
    ['auth.jwt.isuer', 'auth.jwt.issuer'],
    ['rbac.polcy', 'rbac.policy'],
    ['flow.expir', 'flow.expire'],
    ['storage.mine.drvier', 'storage.mine.driver'],
    ['ui.teme', 'ui.theme'],
  ])('%s', (key, near) => {
    expect(read(key)).toEqual({
      values: new Map(),
      warnings: [],
      errors: [`line 3: ${key}: unknown; did you mean ${near}?`],
    });
  });

  test('and so is a value in place of a section, and what is below a key', () => {
    for (const key of ['auth', 'tls', 'flow', 'storage', 'flow.expire.x', 'auth.jwt.type', 'auth.mine.x.y'])
      expect([key, read(key).errors.length]).toEqual([key, 1]);
  });

  test('whatever setting one letter of is left out', () => {
    const hidden = SETTINGS.flatMap(({ key }) =>
      Array.from(key, (_, at) => key.slice(0, at) + key.slice(at + 1)).filter(
        (wrong) => wrong !== key && read(wrong, 'on').errors.length === 0,
      ),
    );
    expect(hidden).toEqual([]);
  });
});

describe('a key of the reference is accepted', () => {
  test.each([
    'agent.topology.probes',
    'agent.metadata.info.deep',
    'analyzer.topology.backend',
    'auth.keystone.auth_url',
    'auth.analyzer_password',
    'etcd.peers.analyzer1',
    'flow.application_timeout',
    'flow.application_ports.tcp.80',
    'http.cookie.session',
    'http.ws.bulk_maxmsgs',
    'storage.myelasticsearch.auth.username',
    'ui.topology.favorites.layer2',
    'ui.bandwidth_relative_alert',
  ])('%s', (key) => {
    expect(read(key)).toMatchObject({ errors: [], warnings: [expect.stringMatching(`: ${key}$`)] });
  });

  test('of a backend when the file gives its type', () => {
    const entries = ['auth.mine.type', 'auth.mine.users'].map((key) => ({ key, value: 'x', line: 1 }));
    expect(readConfig(entries).errors).toEqual([]);
    expect(readConfig(entries.slice(1)).errors).toHaveLength(1);
  });

  test('a section without anything says nothing', () => {
    for (const key of ['tls', 'auth.mybasic', 'http.cookie', 'rbac.model', 'ui', 'probe'])
      expect([key, read(key, null).errors]).toEqual([key, []]);
  });
});

describe('a value of another kind is no number', () => {
  test.each([true, false, '', ' ', [], '0x10', '1e3', 1.5, -1])('%j', (value) => {
    expect(read('fabric.flow_shards', value).errors).toEqual([
      'line 3: fabric.flow_shards: must be a whole number above 0',
    ]);
    expect(read('auth.rate', value).errors).toEqual(['line 3: auth.rate: must be a whole number']);
  });

  test('and true is no text, no duration and no size', () => {
    for (const key of ['host_id', 'probe.sources', 'history.keep', 'history.bytes'])
      expect([key, read(key, true).errors.length]).toEqual([key, 1]);
  });

  test('a secret that lost its leading zeros would be another', () => {
    expect(read('auth.admin_token', 123).errors[0]).toMatch(/quotes/);
  });
});
