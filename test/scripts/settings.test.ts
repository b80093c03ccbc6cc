import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { readValue } from '../../core/config/read-config.ts';
import { SETTINGS } from '../../core/config/settings.ts';

const { vars } = parse(readFileSync('wrangler.toml', 'utf8')) as { vars: Record<string, string> };
const analyzers = SETTINGS.filter(({ readBy }) => readBy === 'analyzer');

test('every variable of the analyzer is a setting, with the same default', () => {
  const known = new Map(SETTINGS.map((setting) => [setting.variable, setting]));
  expect(Object.keys(vars).filter((name) => !known.has(name))).toEqual([]);
  for (const { variable, default: otherwise, isSecret } of analyzers)
    if (isSecret !== true && variable !== 'EDGEDIVE_ALLOWED_HOSTS')
      expect([variable, vars[variable]]).toEqual([variable, otherwise]);
});

test('secrets have no place in wrangler.toml', () => {
  const secrets = SETTINGS.filter(({ isSecret, variable }) => isSecret === true && vars[variable]);
  expect(secrets).toEqual([]);
});

test('every default is a value that the setting may have', () => {
  const wrong = SETTINGS.filter(
    (setting) => setting.default !== '' && 'fault' in readValue(setting, setting.default),
  );
  expect(wrong).toEqual([]);
});

test('no key and no variable is there twice', () => {
  for (const name of ['key', 'variable'] as const)
    expect(new Set(SETTINGS.map((setting) => setting[name])).size).toBe(SETTINGS.length);
});
