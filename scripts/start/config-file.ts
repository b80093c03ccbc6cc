/** `edgedive.yml`, or the reference's `skydive.yml`, as entries with their lines. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';
import { isWhole, readConfig, type FileEntry, type ReadConfig } from '../../core/config/read-config.ts';
import { messageOf } from '../../core/errors.ts';
import { ConfigError } from './config-error.ts';

const FILE_BYTES_MAX = 1_048_576;
/** Aliases let a short file stand for any number of keys, or for one that is in itself. */
const KEYS_MAX = 10_000;
const DEPTH_MAX = 32;
const ALIASES_MAX = 100;
const PLACES = ['edgedive.yml', '/etc/edgedive/edgedive.yml'];

/** The file that is meant: the one given, else the first of the usual places that is there. */
export function configPath(given: string | undefined, cwd: string): string | undefined {
  if (given !== undefined) return resolve(cwd, given);
  return PLACES.map((place) => resolve(cwd, place)).find((place) => existsSync(place));
}

/** Throws ConfigError when the file cannot be read or is no YAML; wrong settings are in `errors`. */
export function readConfigFile(path: string): ReadConfig {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { lineCounter: lines, logLevel: 'error', uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw new ConfigError('config', `${path}: ${withoutSource(fault.message)}`);
  const { contents } = document;
  if (contents === null) return readConfig([]);
  if (!isMap(contents)) throw new ConfigError('config', `${path}: must be a map of settings`);
  const entries: FileEntry[] = [];
  let keys = 0;
  const walk = (map: YAMLMap, before: string, depth: number): void => {
    for (const { key, value } of map.items) {
      const line = lines.linePos((key as ParsedNode).range[0]).line;
      try {
        const name = `${before}${isScalar(key) ? String(key.value) : '?'}`;
        const inner = isAlias(value) ? value.resolve(document) : value;
        if (++keys > KEYS_MAX || depth > DEPTH_MAX) throw new Error('aliases stand for too many keys');
        if (isMap(inner) && !isWhole(name) && inner.items.length > 0) walk(inner, `${name}.`, depth + 1);
        else entries.push({ key: name, value: plain(value as ParsedNode | null, document), line });
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        throw new ConfigError('config', `${path}: line ${line}: ${withoutSource(messageOf(error))}`);
      }
    }
  };
  walk(contents, '', 1);
  return readConfig(entries);
}

/** The parser quotes what it met, which may be a password that begins with `*`. */
function withoutSource(message: string): string {
  const [first = ''] = message.split('\n');
  return first.replace(/:.*?(?= at line \d+, column \d+:?$|$)/, '');
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError('config', `${path}: ${messageOf(error)}`);
  }
}

/** Throws an Error when it has too many aliases. */
function plain(node: ParsedNode | null, document: Document): unknown {
  return node === null ? null : node.toJS(document, { maxAliasCount: ALIASES_MAX });
}
