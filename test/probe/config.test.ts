import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
