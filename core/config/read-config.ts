/**
 * From what a configuration file says to settings. The file is `edgedive.yml`, or a `skydive.yml` as it is: keys of the reference that mean
 * something here are followed, its others are accepted with a warning. A key that neither knows is an error that names the nearest
 * one: a misspelt setting must not be silently ignored.
 */
import { DurationError, parseGoDuration } from '../go-duration.ts';
import { nearestName } from '../gremlin/nearest.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { isSkydiveKey, isSkydiveSection, skydiveKeysNear } from './skydive-keys.ts';

/** What a file has: dotted key → value (a scalar, a list, or a whole subtree), and where it stands. */
export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

export interface ReadConfig {
  /** Setting's key → its value as text. */
  readonly values: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** `line 3: …`. */
  readonly errors: readonly string[];
}

const BY_KEY: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.key, setting]));
const BY_SKYDIVE_KEY: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.flatMap((setting) => (setting.skydive ?? []).map((key) => [key, setting] as const)),
);

/** Backends that Skydive has by itself; others exist when the file gives their type, as it demands. */
const AUTH_BACKENDS = ['basic', 'keystone', 'noauth'];
const BACKEND_TYPE = /^auth\.([^.]+)\.type$/;
const IN_BACKEND = /^auth\.([^.]+)\../;

/** Whether the value of this key is taken as a whole: what is below it are no keys. */
export function isWhole(key: string): boolean {
  return BY_KEY.has(key) || BY_SKYDIVE_KEY.has(key);
}

/** Own keys win over the reference's. */
export function readConfig(entries: readonly FileEntry[]): ReadConfig {
  const values = new Map<string, string>();
  const errors: string[] = [];
  const meaningless: string[] = [];
  const backends = new Set([
    ...AUTH_BACKENDS,
    ...entries.flatMap(({ key, value }) =>
      isEmpty(value) ? [] : [...(BACKEND_TYPE.exec(key)?.slice(1) ?? [])].filter((name) => name !== 'jwt'),
    ),
  ]);
  const own = entries.filter(({ key }) => BY_KEY.has(key));
  for (const entry of [...own, ...entries.filter((one) => !own.includes(one))]) {
    const setting = BY_KEY.get(entry.key) ?? BY_SKYDIVE_KEY.get(entry.key);
    if (setting === undefined) {
      // Nothing is set by it, whosever it is.
      if (isEmpty(entry.value) && (isSection(entry.key) || isSkydiveKey(entry.key))) continue;
      if (isSkydives(entry.key, backends)) meaningless.push(entry.key);
      else errors.push(`line ${entry.line}: ${entry.key}: unknown${hintFor(entry.key)}`);
    } else if (entry.value !== null && !values.has(setting.key)) {
      const read = readValue(setting, entry.value);
      if ('text' in read) values.set(setting.key, read.text);
      else errors.push(`line ${entry.line}: ${entry.key}: ${read.fault}`);
    }
  }
  const warnings =
    meaningless.length === 0 ? [] : [`keys of Skydive without a meaning here: ${meaningless.join(', ')}`];
  const lineOf = (error: string): number => Number(/^line (\d+)/.exec(error)?.[1] ?? 0);
  return { values, warnings, errors: errors.toSorted((a, b) => lineOf(a) - lineOf(b)) };
}

/** A backend's name is the operator's own, so that a misspelt `auth.jwt` would else be one. */
function isSkydives(key: string, backends: ReadonlySet<string>): boolean {
  const [, backend] = IN_BACKEND.exec(key) ?? [];
  return isSkydiveKey(key) && (backend === undefined || backends.has(backend));
}

function isSection(key: string): boolean {
  const known = [...BY_KEY.keys(), ...BY_SKYDIVE_KEY.keys()];
  return known.some((name) => name.startsWith(`${key}.`)) || isSkydiveSection(key);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Of names equally near the first counts: a setting of ours. */
function hintFor(key: string): string {
  const known = [...BY_KEY.keys(), ...BY_SKYDIVE_KEY.keys(), ...skydiveKeysNear(key)];
  const found = nearestName(
    key,
    known.filter((name) => name !== key),
  );
  return found === undefined ? '' : `; did you mean ${found}?`;
}

type Read = { readonly text: string } | { readonly fault: string };

const SWITCHES: Readonly<Record<string, string>> = {
  true: 'on',
  false: 'off',
  on: 'on',
  off: 'off',
  yes: 'on',
  no: 'off',
};
const SIZE = /^\d+(?:\.\d+)? ?(|B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** From a file, or the text of a variable. */
export function readValue(setting: Setting, value: unknown): Read {
  switch (setting.type) {
    case 'map':
      if (typeof value === 'string') return { text: value };
      return isObject(value) ? { text: JSON.stringify(value) } : { fault: 'must be a map' };
    case 'list': {
      const separator = setting.key === 'auth.policy' ? '\n' : ',';
      if (!Array.isArray(value)) return textOf(setting, value);
      return value.every(isText) ? { text: value.join(separator) } : { fault: 'must be a list of texts' };
    }
    case 'switch': {
      const text = SWITCHES[String(value)];
      return text === undefined ? { fault: 'must be on or off' } : { text };
    }
    case 'number': {
      const number = wholeNumber(value);
      return number !== undefined && number > 0
        ? { text: String(number) }
        : { fault: 'must be a whole number above 0' };
    }
    case 'count': {
      const count = wholeNumber(value);
      return count === undefined ? { fault: 'must be a whole number' } : { text: String(count) };
    }
    case 'duration':
      return duration(value);
    case 'bytes':
      return isText(value) && SIZE.test(String(value))
        ? { text: String(value) }
        : { fault: 'must be a size like 2GiB' };
    case 'text':
      // The reference's `analyzers` is a list: the first is ours.
      return textOf(setting, Array.isArray(value) ? value[0] : value);
  }
}

/** Undefined for what is none: `true` and an empty text are numbers to JavaScript. */
function wholeNumber(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d+$/.test(value);
  const number = typeof value === 'number' || isDigits ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function textOf({ isSecret }: Setting, value: unknown): Read {
  // As a number it would have lost its leading zeros.
  if (isSecret === true && typeof value === 'number') return { fault: 'must be a text: put it into quotes' };
  return isText(value) ? { text: String(value) } : { fault: 'must be a text' };
}

function duration(value: unknown): Read {
  if (!isText(value)) return { fault: 'must be a duration like 168h' };
  try {
    parseGoDuration(String(value));
    return { text: String(value) };
  } catch (error) {
    if (error instanceof DurationError) return { fault: error.message };
    throw error;
  }
}

function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
