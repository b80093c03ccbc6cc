import { mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withConfigFile } from '../../probe/config-file.ts';
import { ConfigError, readConfig } from '../../probe/config.ts';

const errorOf = (args: string[], env: Record<string, string> = {}) => {
  try {
    readConfig(args, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('readConfig', () => {
  it('has a default for everything', () => {
    const config = readConfig([], {});
    expect(config).toMatchObject({ hostId: hostname(), token: undefined, parentWatch: false });
    expect(config?.analyzer.origin).toBe('ws://127.0.0.1:8082');
  });

  it('takes the command line before the environment', () => {
    const env = { EDGEDIVE_ANALYZER: 'https://edge.example', EDGEDIVE_HOST_ID: 'env', EDGEDIVE_TOKEN: 't' };
    expect(readConfig([], env)).toMatchObject({ hostId: 'env', token: 't' });
    expect(readConfig([], env)?.analyzer.origin).toBe('wss://edge.example');
    const config = readConfig(['--analyzer', 'http://h:1', '--host-id=cli', '--parent-watch'], env);
    expect(config).toMatchObject({ hostId: 'cli', token: 't', parentWatch: true });
    expect(config?.analyzer.origin).toBe('ws://h:1');
  });

  it.each(['http://h:99', 'ws://h:99', 'h:99', 'http://h:99/'])('reads the address %s', (text) => {
    expect(readConfig(['--analyzer', text], {})?.analyzer.origin).toBe('ws://h:99');
  });

  it.each([
    [['--analyzer', 'ftp://h'], '--analyzer: not an address: ftp://h'],
    [['--analyzer', 'http://'], '--analyzer: not an address: http://'],
    [['--analyzer', 'http://h/api'], '--analyzer: host and port only, without /api'],
    [['--analyzer', 'http://u:p@h'], '--analyzer: credentials go into --token'],
    [['--host-id', 'a b'], '--host-id: 1 to 255 printable ASCII characters without blanks, not "a b"'],
    [['--host-id', 'pcap:h'], '--host-id: names with pcap: are taken'],
    [['a.pcap'], 'a.pcap: unexpected; capture files stand behind --pcap'],
    [['--pcap'], "--pcap: Option '--pcap <value>' argument missing"],
    [['--pcap', 'a', ''], '--pcap: the name of a file is empty'],
    [
      ['--sources', 'dockerd'],
      '--sources: unsupported probe dockerd; there are docker, runc, libvirt, ovsdb, lldp, socketinfo, k8s',
    ],
    [['--host-id', ''], '--host-id: 1 to 255 printable ASCII characters without blanks, not ""'],
    [['--token', 'a\nb'], '--token: printable ASCII without blanks'],
    [['--analyser', 'h'], "--analyser: Unknown option '--analyser'"],
    [['--analyzer'], "--analyzer: Option '--analyzer <value>' argument missing"],
  ])('refuses %j and names what is wrong', (args, expected) => {
    expect(errorOf(args)).toBe(expected);
  });

  it('follows what --sources or EDGEDIVE_SOURCES names', () => {
    const names = (args: string[], env = {}) => [...readConfig(args, env)!.sources.keys()];
    expect(names([])).toEqual(['docker', 'runc', 'libvirt', 'ovsdb']);
    expect(names([], { EDGEDIVE_SOURCES: '+lldp' })).toEqual(['docker', 'runc', 'libvirt', 'ovsdb', 'lldp']);
    expect(names(['--sources', 'none'], { EDGEDIVE_SOURCES: '+lldp' })).toEqual([]);
  });

  it('takes everything behind --pcap as a file, from where the user is', () => {
    const files = (args: string[], env = {}) => readConfig(args, env)?.files;
    expect(files([])).toEqual([]);
    expect(files(['--pcap', '/a', '/b', '--pcap', '/c', '--host-id', 'h'])?.toSorted()).toEqual([
      '/a',
      '/b',
      '/c',
    ]);
    expect(files(['--pcap', 'a'])).toEqual([join(process.cwd(), 'a')]);
    // npm changes to the checkout and tells where it came from; in other scripts that is none of our business.
    const npm = (script: string) => ({ npm_lifecycle_event: script, INIT_CWD: '/captures' });
    expect(files(['--pcap', 'a'], npm('probe'))).toEqual(['/captures/a']);
    expect(files(['--pcap', 'a'], npm('test'))).toEqual([join(process.cwd(), 'a')]);
  });

  it('knows when help is asked for', () => {
    expect(readConfig(['--help'], {})).toBeUndefined();
  });
});

describe('withConfigFile', () => {
  const directory = mkdtempSync(join(tmpdir(), 'edgedive-probe-config-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const said: string[] = [];
  const withFile = (text: string, env: Record<string, string> = {}, args: string[] = []) =>
    readConfig(
      args,
      withConfigFile(file('edgedive.yml', text), env, directory, (line) => void said.push(line)),
    );

  it('reads the table that the analyzer reads; arguments and variables win', () => {
    const token = file('token', 'edg_of_a_file\n');
    const text = `host_id: f\nprobe: { analyzer: "h:1", sources: [lldp], token_file: ${token} }\nflow: { expire: 5 }\n`;
    const read = withFile(text);
    expect(read).toMatchObject({ hostId: 'f', token: 'edg_of_a_file' });
    expect([read?.analyzer.host, [...read!.sources.keys()]]).toEqual(['h:1', ['lldp']]);
    expect(said).toEqual([expect.stringMatching(/edgedive.yml: .*without a meaning here: flow.expire$/)]);
    const over = withFile(text, { EDGEDIVE_HOST_ID: 'v', EDGEDIVE_TOKEN: 't' }, ['--analyzer', 'h:2']);
    expect([over?.hostId, over?.token, over?.analyzer.host]).toEqual(['v', 't', 'h:2']);
  });

  it('takes the credential from the file that a variable names', () => {
    const env = { EDGEDIVE_TOKEN_FILE: file('only', 'edg_only\n') };
    expect(
      readConfig(
        [],
        withConfigFile(undefined, env, directory, () => undefined),
      )?.token,
    ).toBe('edg_only');
  });

  it('refuses what the analyzer would refuse', () => {
    expect(() => withFile('probe: { tokn: x }')).toThrow(ConfigError);
    expect(() => withFile('probe: { tokn: x }')).toThrow(
      /edgedive.yml: line 1: probe.tokn: unknown; did you mean probe.token\?/,
    );
    expect(() => withFile('probe: { token_file: none }')).toThrow(/probe.token_file: .*ENOENT/);
  });
});
