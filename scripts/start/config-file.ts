/** `edgedive.yml`, or the reference's `skydive.yml`, as entries with their lines. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type ParsedNode } from 'yaml';
import { isWhole, readConfig, type FileEntry, type ReadConfig } from '../../core/config/read-config.ts';
import { messageOf } from '../../core/errors.ts';
import { ConfigError } from './config-error.ts';

const FILE_BYTES_MAX = 1_048_576;
const PLACES = ['edgedive.yml', '/etc/edgedive/edgedive.yml'];

/** The file that is meant: the one given, else the first of the usual places that is there. */
export function configPath(given: string | undefined, cwd: string): string | undefined {
  if (given !== undefined) return resolve(cwd, given);
  return PLACES.map((place) => resolve(cwd, place)).find((place) => existsSync(place));
}

/** Throws ConfigError when the file cannot be read or is no YAML; wrong settings are in `errors`. */
export function readConfigFile(path: string): ReadConfig {
  let text: string;
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError('config', `${path}: ${messageOf(error)}`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error', uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new ConfigError('config', `${path}: ${fault.message.split('\n')[0]?.replace(/:$/, '')}`);
  const { contents } = document;
  if (contents === null) return readConfig([]);
  if (!isMap(contents)) throw new ConfigError('config', `${path}: must be a map of settings`);
  const lineOf = (node: { readonly range?: readonly number[] | null } | null): number =>
    lines.linePos(node?.range?.[0] ?? 0).line;
  const entries: FileEntry[] = [];
  const walk = (node: typeof contents, before: string): void => {
    for (const { key, value } of node.items) {
      const name = `${before}${isScalar(key) ? String(key.value) : '?'}`;
      const inner = value;
      if (isMap(inner) && !isWhole(name) && inner.items.length > 0) walk(inner, `${name}.`);
      else entries.push({ key: name, value: plain(inner, document), line: lineOf(key) });
    }
  };
  walk(contents, '');
  return readConfig(entries);
}

/** Aliases are followed a hundred times at most: a short file could stand for gigabytes. */
function plain(node: ParsedNode | null, document: ReturnType<typeof parseDocument>): unknown {
  try {
    return node === null ? null : node.toJS(document, { maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError('config', messageOf(error));
  }
}
