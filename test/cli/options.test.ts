import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConnection } from '../../cli/connection.ts';
import { metadataPatch } from '../../cli/metadata-patch.ts';
import { readMetadata } from '../../cli/metadata-option.ts';

describe('readConnection', () => {
  const base = (analyzer?: string, env = {}) =>
    readConnection(analyzer === undefined ? {} : { analyzer }, env).base.href;

  test('takes the flag, then our variable, then the reference’s, then loopback', () => {
    const env = { SKYDIVE_ANALYZER: 'sky:1', EDGEDIVE_ANALYZER: 'edge:2' };
    expect(base('flag:3', env)).toBe('http://flag:3/');
    expect(base(undefined, env)).toBe('http://edge:2/');
    expect(base(undefined, { SKYDIVE_ANALYZER: 'sky:1' })).toBe('http://sky:1/');
    expect(base()).toBe('http://127.0.0.1:8082/');
  });

  test('passes over variables that are empty, and reads configuration files of the reference last', () => {
    expect(base(undefined, { EDGEDIVE_ANALYZER: '', SKYDIVE_ANALYZER: '' })).toBe('http://127.0.0.1:8082/');
    const folder = mkdtempSync(join(tmpdir(), 'edgedive-conf-'));
    try {
      const [one, two] = ['one.yml', 'two.yml'].map((name) => join(folder, name)) as [string, string];
      writeFileSync(one, 'analyzers:\n  - first:1\n  - second:2\n');
      writeFileSync(two, 'analyzers:\n  - third:3\n');
      expect(readConnection({ conf: [one] }, {}).base.href).toBe('http://first:1/');
      expect(readConnection({ conf: [one, two] }, {}).base.href).toBe('http://third:3/');
      expect(readConnection({ conf: [one] }, { SKYDIVE_ANALYZER: 'sky:1' }).base.href).toBe('http://sky:1/');
      expect(() => readConnection({ conf: [join(folder, 'none.yml')] }, {})).toThrow(/^--conf: .*ENOENT/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(['', 'host:port', 'http://host/path', 'ftp://host'])('refuses the address «%s»', (address) => {
    expect(() => base(address)).toThrow('--analyzer: expected HOST:PORT');
  });

  test('sends name and password as Basic, a token as Bearer', () => {
    const env = { SKYDIVE_USERNAME: 'admin', SKYDIVE_PASSWORD: 'pass:word' };
    expect(readConnection({}, env).headers).toEqual({ Authorization: 'Basic YWRtaW46cGFzczp3b3Jk' });
    expect(readConnection({ token: 't' }, env).headers).toEqual({ Authorization: 'Bearer t' });
    expect(readConnection({}, {}).headers).toEqual({});
  });

  test('names the option of a file that cannot be read', () => {
    expect(() => readConnection({ cacert: '/nowhere.pem' }, {})).toThrow(/^--cacert: ENOENT/);
  });
});

describe('readMetadata', () => {
  test('nests dotted keys and reads JSON where it is some', () => {
    expect(readMetadata(['Name=sw', 'A.B=1', 'A.C=true', 'List=[1,2]', 'Text=1.2.3', 'Empty='])).toEqual({
      Name: 'sw',
      A: { B: 1, C: true },
      List: [1, 2],
      Text: '1.2.3',
      Empty: '',
    });
  });

  test('takes several pairs in one word, as the reference’s client does', () => {
    expect(readMetadata(['A=1,B=x,y'])).toEqual({ A: 1, B: 'x,y' });
    expect(readMetadata(['k1=v1, k2=v2'])).toEqual({ k1: 'v1', k2: 'v2' });
  });

  test.each(['novalue', '=x'])('refuses %s', (text) => {
    expect(() => readMetadata([text])).toThrow(`expected KEY=VALUE, got '${text}'`);
  });
});

describe('metadataPatch', () => {
  test('adds the objects that are missing on the way, and only those', () => {
    const add = [
      { key: 'Site.Row', value: 3 },
      { key: 'Site.Rack', value: 4 },
      { key: 'Old.New.Deep', value: 'x' },
    ];
    expect(metadataPatch({ Old: { A: 1 } }, add, [])).toEqual([
      { op: 'add', path: '/Metadata/Site', value: { Row: 3 } },
      { op: 'add', path: '/Metadata/Site/Rack', value: 4 },
      { op: 'add', path: '/Metadata/Old/New', value: { Deep: 'x' } },
    ]);
  });

  test('means names that hold dots, slashes and tildes themselves', () => {
    const steps = metadataPatch({ 'a.b': 1 }, [{ key: 'c/d~e', value: null }], ['a.b', 'x.y']);
    expect(steps.map(({ path }) => path)).toEqual(['/Metadata/c~1d~0e', '/Metadata/a.b', '/Metadata/x/y']);
  });
});
