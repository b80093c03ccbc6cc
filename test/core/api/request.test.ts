/** Requests typed by the routes; what has `@ts-expect-error` above it would not compile. */
import { expect, test } from 'vitest';
import { requestOf } from '../../../core/api/request.ts';

test('a request is its method, its path and its body', () => {
  expect(requestOf('GET /api/status', {})).toEqual({ method: 'GET', path: '/api/status' });
  expect(requestOf('GET /api/node/{id}', { params: { id: 'a/b ü' } })).toEqual({
    method: 'GET',
    path: '/api/node/a%2Fb%20%C3%BC',
  });
  expect(requestOf('GET /api/capture', { query: { limit: '2', after: 'x&y' } }).path).toBe(
    '/api/capture?limit=2&after=x%26y',
  );
  expect(requestOf('POST /api/topology', { body: { GremlinQuery: 'G' } }).body).toBe('{"GremlinQuery":"G"}');
});

test('what the routes do not have does not compile', () => {
  // @ts-expect-error -- no such route
  expect(requestOf('GET /api/nothing', {})).toBeDefined();
  // @ts-expect-error -- it needs an id
  expect(requestOf('GET /api/node/{id}', {})).toBeDefined();
  // @ts-expect-error -- a query is a text
  expect(requestOf('POST /api/topology', { body: { GremlinQuery: 7 } })).toBeDefined();
  // @ts-expect-error -- it takes no body
  expect(requestOf('GET /api/status', { body: {} })).toBeDefined();
  // @ts-expect-error -- no such member
  expect(requestOf('POST /api/capture', { body: { GremlinQuery: 'G', Nonsense: 1 } })).toBeDefined();
});
