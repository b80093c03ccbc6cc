/**
 * What `GET /api/config/{key}` shows: the keys of the reference that its pages and clients read, and our own settings without secrets.
 * Everything else is hidden, and a hidden key looks like an unknown one (REST notes, sections 4 and 16).
 */
import type { Json } from '../graph/element.ts';
import { timings } from '../limits.ts';
import { SETTINGS } from './settings.ts';

type Tree = { [key: string]: Json | Tree };

/** `variables` by name; `listen` is where the analyzer answers, as far as it knows. */
export function shownConfig(variables: Readonly<Record<string, unknown>>): Json {
  const listen = textOf(variables['EDGEDIVE_LISTEN']);
  const tree: Tree = {
    host_id: textOf(variables['EDGEDIVE_HOST_ID']),
    analyzers: listen === '' ? [] : [listen],
    analyzer: { listen, flow: { backend: 'memory' }, topology: { backend: 'memory', fabric: [] } },
    agent: { topology: { probes: null } },
    flow: { expire: timings.flowExpireMs / 1_000, update: timings.flowUpdateMs / 1_000 },
    http: { rest: { debug: false } },
    logging: { id: 'analyzer' },
    auth: { noauth: { type: 'noauth' }, basic: { type: 'basic' } },
    storage: { memory: { driver: 'memory' } },
    ui: {},
  };
  for (const { key, variable, isSecret, holds, default: otherwise } of SETTINGS)
    if (isSecret !== true && holds === undefined && key !== 'host_id' && !key.startsWith('probe.'))
      put(tree, key.split('.'), textOf(variables[variable]) || otherwise);
  return tree;
}

function put(tree: Tree, path: readonly string[], value: Json): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const next = tree[name];
  const inner = typeof next === 'object' && next !== null && !Array.isArray(next) ? (next as Tree) : {};
  tree[name] = inner;
  put(inner, rest, value);
}

/** The value at a dotted key, in any case of letters; "" for one that is not there. */
export function configAt(tree: Json, key: string): Json {
  let at: Json | undefined = tree;
  for (const part of key.toLowerCase().split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return '';
    const inner: Readonly<Record<string, Json>> = at as Readonly<Record<string, Json>>;
    if (!Object.hasOwn(inner, part)) return '';
    at = inner[part];
  }
  return at ?? null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
