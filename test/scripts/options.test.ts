import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../scripts/start/options.ts';

const directory = mkdtempSync(join(tmpdir(), 'edgedive-options-'));
const configFile = (text: string) => {
  const file = join(directory, 'any.yml');
  writeFileSync(file, text);
  return file;
};
const withFile = (text: string, ...args: string[]) =>
  readOptions(['--config', configFile(text), ...args], '/w');

describe('readOptions', () => {
  it('has the documented defaults', () => {
    expect(readOptions([], '/somewhere')).toEqual({
      listen: { host: '127.0.0.1', port: 8082, loopback: true },
      stateDir: '/somewhere/.edgedive/state',
      probe: true,
      hostId: hostname(),
      auth: false,
      udpRelay: undefined,
      vars: {},
      probeVars: {},
      warnings: [],
    });
  });

  it('lets arguments win over variables, these over the file', () => {
    const text = 'listen: 127.0.0.1:1\nstate: a\nhistory: { keep: 1h }\nfabric:\n  flow_shards: 4\n';
    expect(withFile(text, '--listen', 'localhost:2', '--no-probe')).toMatchObject({
      listen: { host: 'localhost', port: 2 },
      stateDir: '/w/a',
      probe: false,
      vars: { EDGEDIVE_HISTORY: '1h', EDGEDIVE_FLOW_SHARDS: '4' },
    });
    const env = { EDGEDIVE_HISTORY: '2h', EDGEDIVE_LISTEN: '127.0.0.1:3' };
    expect(readOptions(['--config', configFile(text)], '/w', env)).toMatchObject({
      listen: { port: 3 },
      vars: { EDGEDIVE_HISTORY: '2h' },
    });
  });

  it('finds edgedive.yml where it is started', () => {
    const place = join(directory, 'place');
    mkdirSync(place);
    writeFileSync(join(place, 'edgedive.yml'), 'host_id: found\n');
    expect(readOptions([], place)?.hostId).toBe('found');
  });

  it('asks who everybody is where others can reach the address, unless told that this is meant', () => {
    expect(readOptions(['--listen', '0.0.0.0:8082'], '/')?.auth).toBe(true);
    expect(readOptions(['--listen', '0.0.0.0:8082', '--insecure-no-auth'], '/')?.auth).toBe(false);
    expect(readOptions(['--auth'], '/')?.auth).toBe(true);
    expect(withFile('auth: { mode: on }')?.auth).toBe(true);
    expect(withFile('auth: { mode: off }')?.auth).toBe(false);
    expect(() => withFile('auth: { mode: off }', '--listen', '0.0.0.0:1')).toThrow(/only for loopback/);
  });

  it('takes the reference’s file as it is', () => {
    const read = withFile(
      'host_id: ref\nanalyzers:\n  - 10.0.0.1:8082\nanalyzer:\n  listen: 127.0.0.1:4\n  topology:\n    backend: memory\n' +
        'flow:\n  expire: 600\nauth:\n  basic:\n    type: basic\n    users:\n      ann: secret\n',
    );
    expect(read).toMatchObject({
      hostId: 'ref',
      listen: { port: 4 },
      vars: { EDGEDIVE_USERS: '{"ann":"secret"}' },
      probeVars: { EDGEDIVE_ANALYZER: '10.0.0.1:8082' },
    });
    expect(read?.warnings).toEqual([
      expect.stringMatching(
        /without a meaning here: analyzer.topology.backend, flow.expire, auth.basic.type$/,
      ),
    ]);
  });

  it.each([
    ['lisen: x', 'line 1: lisen: unknown; did you mean listen?'],
    ['history:\n  keeep: 1h', 'line 2: history.keeep: unknown; did you mean history.keep?'],
    ['analyzer:\n  listn: x', 'line 2: analyzer.listn: unknown; did you mean analyzer.listen?'],
    ['probe: { enabled: maybe }', 'probe.enabled: must be on or off'],
    ['history: { keep: soon }', 'history.keep: '],
    ['fabric: { flow_shards: 0 }', 'fabric.flow_shards: must be a whole number above 0'],
    ['host_id: two words', 'host_id: '],
    ['listen: [', 'config: '],
    ['listen: a\nlisten: b', 'config: '],
    ['- a', 'must be a map of settings'],
  ])('refuses the file %j, saying what is wrong where', (text, message) => {
    expect(() => withFile(text)).toThrow(message);
  });

  it('does not unfold a bomb of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, at) =>
      at === 0 ? 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]' : `a${at}: &a${at} [${`*a${at - 1},`.repeat(10)}]`,
    );
    expect(() => withFile(levels.join('\n'))).toThrow(/any\.yml: line \d+: .*alias/i);
    const wide = Array.from({ length: 12 }, (_, at) => {
      const inner =
        at === 0 ? '' : `{${Array.from({ length: 10 }, (__, n) => `k${n}: *a${at - 1}`).join(',')}}`;
      return `a${at}: &a${at} ${inner}`;
    });
    expect(() => withFile(wide.join('\n'))).toThrow(/any\.yml: line \d+: .*alias/i);
    expect(() => withFile('auth: &a\n  jwt: *a\n')).toThrow(/any\.yml: line 2: .*alias/i);
  });

  it('follows an alias of a section', () => {
    const text = 'history: &h { keep: 2h }\n';
    expect(withFile(text)?.vars).toEqual({ EDGEDIVE_HISTORY: '2h' });
    expect(() => withFile(`${text}tls: *h\n`)).toThrow(/line 1: tls.keep: unknown/);
  });

  it('reads secrets from their files', () => {
    const secret = (name: string, text: string) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const token = secret('token', 'from a file\n');
    const users = secret('users', 'ann: { password: x, roles: [user] }\n');
    expect(withFile(`auth: { admin_token_file: ${token}, users_file: ${users} }`)?.vars).toEqual({
      EDGEDIVE_ADMIN_TOKEN: 'from a file',
      EDGEDIVE_USERS: '{"ann":{"password":"x","roles":["user"]}}',
    });
    const env = { EDGEDIVE_ADMIN_TOKEN_FILE: token, EDGEDIVE_TOKEN_FILE: token };
    expect(readOptions(['--config', configFile('auth: { admin_token: other }')], '/w', env)).toMatchObject({
      vars: { EDGEDIVE_ADMIN_TOKEN: 'from a file' },
      probeVars: { EDGEDIVE_TOKEN: 'from a file' },
    });
    expect(() => withFile(`auth: { admin_token: x, admin_token_file: ${token} }`)).toThrow(
      /auth.admin_token_file: is given beside .*auth.admin_token/,
    );
    expect(() => withFile('auth: { admin_token_file: /nowhere/at-all }')).toThrow(
      /admin_token_file: .*ENOENT/,
    );
    expect(() => withFile(`alerts: { secret_file: ${secret('none', '\n')} }`)).toThrow(/is empty/);
    expect(() => withFile(`alerts: { secret_file: ${secret('two', 'a\nb\n')} }`)).toThrow(
      /must hold one line/,
    );
    const broken = secret('broken', 'hunter2: [');
    expect(() => withFile(`auth: { users_file: ${broken} }`)).toThrow(/is no YAML$/);
  });

  it('asks for the usage text with --help', () => {
    expect(readOptions(['--help'], '/')).toBeUndefined();
  });
});
