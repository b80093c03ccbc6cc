/**
 * From what a configuration file says to settings. The file is `edgedive.yml`, or a `skydive.yml` as it is: keys of the reference that mean
 * something here are followed, its others are accepted with a warning. A key that neither knows is an error that names the nearest
 * one: a misspelt setting must not be silently ignored.
 */
import { DurationError, parseGoDuration } from '../go-duration.ts';
import { nearestName } from '../gremlin/nearest.ts';
import { SETTINGS, SKYDIVE_KEYS, type Setting } from './settings.ts';

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

/** Whether the value of this key is taken as a whole: what is below it are no keys. */
export function isWhole(key: string): boolean {
  return BY_KEY.has(key) || BY_SKYDIVE_KEY.has(key);
}

/** Own keys win over the reference's. */
export function readConfig(entries: readonly FileEntry[]): ReadConfig {
  const values = new Map<string, string>();
  const errors: string[] = [];
  const meaningless: string[] = [];
  const own = entries.filter(({ key }) => BY_KEY.has(key));
  for (const entry of [...own, ...entries.filter((one) => !own.includes(one))]) {
    const setting = BY_KEY.get(entry.key) ?? BY_SKYDIVE_KEY.get(entry.key);
    if (setting === undefined) {
      if (isSkydives(entry.key)) meaningless.push(entry.key);
      else errors.push(`line ${entry.line}: ${entry.key}: unknown${hintFor(entry.key)}`);
    } else if (entry.value !== null && !values.has(setting.key)) {
      const read = readValue(setting, entry.value);
      if ('text' in read) values.set(setting.key, read.text);
      else errors.push(`line ${entry.line}: ${entry.key}: ${read.fault}`);
    }
  }
  const warnings =
    meaningless.length === 0 ? [] : [`keys of Skydive without a meaning here: ${meaningless.join(', ')}`];
  return { values, warnings, errors };
}

function isSkydives(key: string): boolean {
  return SKYDIVE_KEYS.some((known) => key === known || key.startsWith(`${known}.`));
}

function hintFor(key: string): string {
  const known = [...BY_KEY.keys(), ...BY_SKYDIVE_KEY.keys(), ...SKYDIVE_KEYS];
  const found = nearestName(key, known);
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
export function readValue({ type, key }: Setting, value: unknown): Read {
  switch (type) {
    case 'map':
      if (typeof value === 'string') return { text: value };
      return isObject(value) ? { text: JSON.stringify(value) } : { fault: 'must be a map' };
    case 'list': {
      const separator = key === 'auth.policy' ? '\n' : ',';
      if (Array.isArray(value))
        return value.every(isScalar) ? { text: value.join(separator) } : { fault: 'must be a list of texts' };
      return scalar(value);
    }
    case 'switch': {
      const text = SWITCHES[String(value)];
      return text === undefined ? { fault: 'must be on or off' } : { text };
    }
    case 'number': {
      const number = Number(value);
      return Number.isSafeInteger(number) && number > 0 && isScalar(value)
        ? { text: String(number) }
        : { fault: 'must be a whole number above 0' };
    }
    case 'count': {
      const count = Number(value);
      return Number.isSafeInteger(count) && count >= 0 && isScalar(value)
        ? { text: String(count) }
        : { fault: 'must be a whole number' };
    }
    case 'duration':
      return duration(value);
    case 'bytes':
      return isScalar(value) && SIZE.test(String(value))
        ? { text: String(value) }
        : { fault: 'must be a size like 2GiB' };
    case 'text':
      // The reference's `analyzers` is a list: the first is ours.
      return scalar(Array.isArray(value) ? value[0] : value);
  }
}

function scalar(value: unknown): Read {
  return isScalar(value) ? { text: String(value) } : { fault: 'must be a text' };
}

function duration(value: unknown): Read {
  try {
    if (isScalar(value)) parseGoDuration(String(value));
    return isScalar(value) ? { text: String(value) } : { fault: 'must be a duration like 168h' };
  } catch (error) {
    if (error instanceof DurationError) return { fault: error.message };
    throw error;
  }
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
