/**
 * One recorded request and its answer (`recordings/*.jsonl`), and how an answer is held against it. What a server makes up
 * (ids, times, its name) is mapped or left out; whatever else differs is a difference.
 */

import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

export interface RestCase {
  readonly case: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
    readonly body_encoding: 'utf-8' | 'base64';
  };
  readonly response: {
    /** null: the connection was closed without an answer. */
    readonly status: number | null;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string | null;
    readonly body_encoding: 'utf-8' | 'base64';
  };
}

export interface Answer {
  readonly status: number;
  /** By lower-cased name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Uncompressed. */
  readonly bytes: Buffer;
  /** The same as text. */
  readonly text: string;
}

/** A body as it was before Content-Encoding. Throws for one that is not what its encoding says. */
export function uncompressed(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.length === 0) return bytes;
  if (encoding === 'gzip') return gunzipSync(bytes);
  // Go's `deflate` is the bare format, without the header and the checksum that the word means in HTTP.
  if (encoding === 'deflate')
    return bytes[0] === 0x78
      ? inflateSync(bytes)
      : inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes;
}

/** The recorded body, uncompressed. */
export function bytesOf(recorded: RestCase): Buffer {
  const { body, body_encoding: encoding } = recorded.response;
  const bytes = Buffer.from(body ?? '', encoding === 'base64' ? 'base64' : 'utf8');
  return uncompressed(bytes, headerOf(recorded, 'Content-Encoding'));
}

/** Where an agent of the reference has a server of its own. */
const AGENT_PORT = 8081;

/** Why a recording is nothing for an analyzer's REST side; undefined when it is. */
export function otherKind(line: unknown): string | undefined {
  const { argv, request } = line as {
    readonly argv?: unknown;
    readonly request?: { readonly port?: unknown };
  };
  if (Array.isArray(argv)) return 'a command of a client, with its output';
  if (request?.port === AGENT_PORT) return 'a request to an agent; probes listen nowhere';
  return undefined;
}

/** Why the runner cannot judge the case; undefined when it can. */
export function misunderstanding(line: unknown): string | undefined {
  const { request, response } = line as Partial<RestCase>;
  if (typeof request?.method !== 'string' || typeof request.path !== 'string') return 'no request';
  if (typeof response !== 'object' || !Array.isArray(response.headers)) return 'no answer';
  if (!['utf-8', 'base64'].includes(request.body_encoding)) return `encoding ${request.body_encoding}`;
  return undefined;
}

/** The query of a request to `/api/topology`; undefined when there is none. */
export function queryOf({ request }: RestCase): string | undefined {
  if (request.method !== 'POST' || request.path !== '/api/topology' || request.body_encoding !== 'utf-8')
    return undefined;
  const query = (jsonOf(request.body ?? '') as { GremlinQuery?: unknown } | null | undefined)?.GremlinQuery;
  return typeof query === 'string' && query !== '' ? query : undefined;
}

export function headerOf({ response }: RestCase, name: string): string | undefined {
  return response.headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Members that the clock and the kernel decide. */
const NOISE: ReadonlySet<string> = new Set([
  'CreatedAt',
  'UpdatedAt',
  'CreateTime',
  'Metric',
  'LastUpdateMetric',
  'Neighbors',
  'FDB',
  'RoutingTables',
  'Captures',
  // Of the machine.
  'KernelCmdLine',
  'KernelVersion',
  // Of the program.
  'Version',
]);

/** A body without its noise, members in one order. */
export function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise);
  if (typeof value !== 'object' || value === null) return value;
  // Agents count the changes of their elements, and nobody goes on changing those that were loaded.
  const { Origin } = value as { readonly Origin?: unknown };
  const isAgents = typeof Origin === 'string' && Origin.startsWith('agent.');
  const members = Object.entries(value).filter(
    ([name]) => !NOISE.has(name) && !(isAgents && name === 'Revision'),
  );
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNoise(member)]));
}

export interface Difference {
  readonly part: 'status' | 'type' | 'encoding' | 'location' | 'body';
  readonly text: string;
}

/** What differs, none when nothing does. `expected` is the recorded body with our ids in it. */
export function differences(recorded: RestCase, expected: string, answer: Answer): readonly Difference[] {
  const { status } = recorded.response;
  if (answer.status !== status) {
    const bodies = `${short(answer.text)} instead of ${short(expected)}`;
    return [{ part: 'status', text: `status ${answer.status}, recorded ${status}: ${bodies}` }];
  }
  if (status >= 300 && status < 400) {
    const [location, wanted] = [answer.headers['location'], headerOf(recorded, 'Location')];
    if (location === wanted) return [];
    return [{ part: 'location', text: `Location ${location}, recorded ${wanted}` }];
  }
  const found: Difference[] = [];
  const [type, wanted] = [answer.headers['content-type'], headerOf(recorded, 'Content-Type')];
  // `; charset=UTF-8` alone names no type.
  const namesType = wanted !== undefined && !wanted.startsWith(';');
  if (namesType && type?.toLowerCase() !== wanted.toLowerCase())
    found.push({ part: 'type', text: `Content-Type ${type}, recorded ${wanted}` });
  const [encoding, encoded] = [answer.headers['content-encoding'], headerOf(recorded, 'Content-Encoding')];
  if (encoding !== encoded)
    found.push({ part: 'encoding', text: `Content-Encoding ${encoding}, recorded ${encoded}` });
  if (answer.bytes.equals(bytesOf(recorded))) return found;
  const text = bodyDifference(inOrderFor(recorded, expected), inOrderFor(recorded, answer.text));
  if (text !== undefined) found.push({ part: 'body', text });
  return found;
}

/** The reference yields the results of a query in random order, unless the query sorts. */
function inOrderFor(recorded: RestCase, body: string): string {
  const query = queryOf(recorded);
  return query === undefined || /\bSort\s*\(/i.test(query) ? body : inOneOrder(body);
}

/** Lists of results, and the lists of graphs and groups among them, in an order of their own. */
export function inOneOrder(body: string): string {
  const value = jsonOf(body);
  if (!Array.isArray(value)) return body;
  const sort = (list: readonly unknown[]): unknown[] =>
    list
      .map((member) => JSON.stringify(graphInOrder(withoutNoise(member), sort)))
      .sort()
      .map((text) => JSON.parse(text) as unknown);
  return `${JSON.stringify(sort(value))}${body.endsWith('\n') ? '\n' : ''}`;
}

function graphInOrder(value: unknown, sort: (list: readonly unknown[]) => unknown[]): unknown {
  if (typeof value !== 'object' || value === null || 'ID' in value || 'UUID' in value) return value;
  const lists = Object.entries(value).map(([name, list]) => [name, Array.isArray(list) ? sort(list) : list]);
  return Object.fromEntries(lists) as unknown;
}

export function bodyDifference(expected: string, text: string): string | undefined {
  const [wanted, found] = [jsonOf(expected), jsonOf(text)];
  if (wanted === undefined || found === undefined)
    return expected === text ? undefined : `body ${short(text)}, recorded ${short(expected)}`;
  if (expected.endsWith('\n') !== text.endsWith('\n')) return 'a line feed behind the JSON, or none';
  return firstDifference(withoutNoise(wanted), withoutNoise(found), '');
}

/** Where two JSON values differ first; undefined when they do not. */
function firstDifference(wanted: unknown, found: unknown, path: string): string | undefined {
  const areBoth = (test: (value: unknown) => boolean): boolean => test(wanted) && test(found);
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
  if (!areBoth(isObject) || Array.isArray(wanted) !== Array.isArray(found))
    return wanted === found
      ? undefined
      : `${path || 'body'} is ${short(textOf(found))}, recorded ${short(textOf(wanted))}`;
  const [left, right] = [wanted as Record<string, unknown>, found as Record<string, unknown>];
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const inside = firstDifference(left[name], right[name], `${path}/${name}`);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function short(text: string): string {
  const line = JSON.stringify(text);
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
