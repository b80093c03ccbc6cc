/** docs/edgedive.sample.yml: whoever takes every # away has the defaults, and no error. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig, type FileEntry } from '../../../core/config/read-config.ts';
import { sampleFile } from '../../../core/config/settings-sample.ts';
import { SETTINGS } from '../../../core/config/settings.ts';

const lines = sampleFile().split('\n');

function entriesOf(value: unknown, before: string): FileEntry[] {
  return Object.entries(value as object).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null
      ? entriesOf(inner, `${before}${name}.`)
      : [{ key: `${before}${name}`, value: inner, line: 1 }],
  );
}

test('as it is it sets nothing', () => {
  expect(parse(lines.join('\n'))).toBeNull();
});

test('without its # it has every setting with its default', () => {
  const uncommented = lines.filter((line) => !/^# ?(\S|$)/.test(line) || /^#[a-z]/.test(line));
  const entries = entriesOf(parse(uncommented.map((line) => line.slice(1)).join('\n')), '');
  expect(entries.map(({ key }) => key).toSorted()).toEqual(SETTINGS.map(({ key }) => key).toSorted());
  const { values, warnings, errors } = readConfig(entries);
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  expect(SETTINGS.map(({ key }) => [key, values.get(key) ?? ''])).toEqual(
    SETTINGS.map(({ key, default: otherwise }) => [key, otherwise]),
  );
});
