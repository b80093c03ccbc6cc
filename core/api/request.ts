/**
 * Requests to the API, typed by its own routes: a route that does not exist, a member that it does not take or an answer that it does not
 * give do not compile. Pure; whoever sends them brings the transport (the command line Node's, a page `fetch`).
 */
import type { Operations } from './operations.ts';

export type OperationName = keyof Operations;
export type AnswerTo<Name extends OperationName> = Operations[Name]['answer'];

/** What an operation takes; what it does not take may be left out. */
export type Taken<Name extends OperationName> = Part<'params', Operations[Name]['params']> &
  OptionalPart<'query', Operations[Name]['query']> &
  Part<'body', Operations[Name]['body']>;

type Part<Key extends string, Value> = [keyof Value] extends [never]
  ? { readonly [key in Key]?: undefined }
  : Value extends undefined
    ? { readonly [key in Key]?: undefined }
    : { readonly [key in Key]: Value };
type OptionalPart<Key extends string, Value> = { readonly [key in Key]?: Value };

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
}

/** Everything that a request needs but an address and credentials. */
export function requestOf<Name extends OperationName>(name: Name, taken: Taken<Name>): ApiRequest {
  const {
    params = {},
    query = {},
    body,
  } = taken as {
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string | undefined>>;
    readonly body?: unknown;
  };
  const [method, template] = name.split(' ') as [ApiRequest['method'], string];
  const path = template.replaceAll(/\{(\w+)\}/g, (_, param: string) =>
    encodeURIComponent(params[param] ?? ''),
  );
  const asked = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return {
    method,
    path: asked.length === 0 ? path : `${path}?${asked.join('&')}`,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}
