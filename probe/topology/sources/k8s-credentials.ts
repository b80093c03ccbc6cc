/**
 * Where a Kubernetes API server is and how one proves who one is to it: from the folder of a service account inside a
 * cluster, or from a kubeconfig file. What needs another program (exec, auth-provider) is refused with a word.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { messageOf } from '../../../core/errors.ts';
import { listOf, objectOf, textOf } from './json-read.ts';
import { readSmallFile } from './small-file.ts';
import { SourceError } from './source.ts';

export interface Cluster {
  readonly name: string;
  readonly server: URL;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** Of the header Authorization; asked for each request, because tokens in files are renewed. */
  authorization(): string | undefined;
}

/** The first of the places that is there. Throws SourceError and Node's errors. */
export function readCluster(
  places: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Cluster {
  for (const place of places) {
    const stat = statSync(place, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return ofServiceAccount(place, env);
    if (stat !== undefined) return ofKubeconfig(place);
  }
  throw new SourceError(`none of ${places.join(', ')} is there`);
}

function ofServiceAccount(folder: string, env: Readonly<Record<string, string | undefined>>): Cluster {
  const host = env['KUBERNETES_SERVICE_HOST'] || 'kubernetes.default.svc';
  const port = env['KUBERNETES_SERVICE_PORT'] || '443';
  return {
    name: 'kubernetes',
    server: serverOf(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    tls: { ca: readFileSync(join(folder, 'ca.crt'), 'utf8'), rejectUnauthorized: true },
    authorization: () => `Bearer ${readSmallFile(join(folder, 'token')).trim()}`,
  };
}

function ofKubeconfig(path: string): Cluster {
  const config = objectOf(parseYaml(path));
  const named = (list: string, name: string, member: string): Metadata => {
    const found = listOf(config[list]).find((entry) => objectOf(entry)['name'] === name);
    if (found === undefined) throw new SourceError(`${path}: no ${member} ${JSON.stringify(name)}`);
    return objectOf(objectOf(found)[member]);
  };
  const context = named('contexts', textOf(config['current-context']), 'context');
  const name = textOf(context['cluster']);
  const cluster = named('clusters', name, 'cluster');
  const user = named('users', textOf(context['user']), 'user');
  for (const key of ['exec', 'auth-provider'])
    if (user[key] !== undefined) throw new SourceError(`${path}: users with ${key} are not supported`);
  /** What is in the file itself, or in a file that it names. */
  const pem = (of: Metadata, key: string): string | undefined => {
    const data = textOf(of[`${key}-data`]);
    if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
    const file = textOf(of[key]);
    return file === '' ? undefined : readSmallFile(resolve(dirname(path), file));
  };
  const given = {
    ca: pem(cluster, 'certificate-authority'),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    servername: textOf(cluster['tls-server-name']) || undefined,
  };
  return {
    name,
    server: serverOf(textOf(cluster['server'])),
    tls: {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    },
    authorization: () => authorizationOf(user, dirname(path)),
  };
}

function authorizationOf(user: Metadata, folder: string): string | undefined {
  const file = textOf(user['tokenFile']);
  const token = file === '' ? textOf(user['token']) : readSmallFile(resolve(folder, file)).trim();
  if (token !== '') return `Bearer ${token}`;
  const [name, password] = [textOf(user['username']), textOf(user['password'])];
  return name === '' ? undefined : `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function parseYaml(path: string): Json {
  try {
    return parse(readSmallFile(path)) as Json;
  } catch (cause) {
    throw new SourceError(`${path}: ${messageOf(cause).split('\n')[0]}`, { cause });
  }
}

function serverOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new SourceError(`not the address of an API server: ${JSON.stringify(text)}`);
  return url;
}
