import { mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../scripts/start/options.ts';

const directory = mkdtempSync(join(tmpdir(), 'edgedive-options-'));
const configFile = (text: string) => {
  const file = join(directory, 'edgedive.toml');
  writeFileSync(file, text);
  return file;
};

describe('readOptions', () => {
  it('has the documented defaults', () => {
    expect(readOptions([], '/somewhere')).toEqual({
      listen: { host: '127.0.0.1', port: 8082, loopback: true },
      stateDir: '/somewhere/.edgedive/state',
      probe: true,
      hostId: hostname(),
      vars: {},
    });
  });

  it('lets arguments win over the file', () => {
    const file = configFile('listen = "127.0.0.1:1"\nstate = "a"\nprobe = true\n[vars]\nX = "y"\n');
    expect(readOptions(['--config', file, '--listen', 'localhost:2', '--no-probe'], '/w')).toMatchObject({
      listen: { host: 'localhost', port: 2 },
      stateDir: '/w/a',
      probe: false,
      vars: { X: 'y' },
    });
  });

  it('refuses an address that others can reach, unless told that this is meant', () => {
    expect(() => readOptions(['--listen', '0.0.0.0:8082'], '/')).toThrow(/has no authentication/);
    expect(readOptions(['--listen', '0.0.0.0:8082', '--insecure-no-auth'], '/')?.listen.port).toBe(8082);
  });

  it.each([
    ['unknown = 1', 'unknown: unknown in'],
    ['probe = "no"', 'probe: must be a boolean'],
    ['host_id = "two words"', 'host_id: '],
    ['[vars]\nX = 1', 'vars.X: must be a string'],
    ['listen = ', 'config: '],
  ])('refuses the file %j by the key that is wrong', (text, message) => {
    expect(() => readOptions(['--config', configFile(text)], '/')).toThrow(message);
  });

  it('asks for the usage text with --help', () => {
    expect(readOptions(['--help'], '/')).toBeUndefined();
  });
});
