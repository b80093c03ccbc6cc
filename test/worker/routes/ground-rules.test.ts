/**
 * What holds for every route: cases R1 to R4, R77, R78 of the REST reference notes with section 16 (what we do
 * better), and answers recorded from release 0.28.0 where a body is compared.
 */
import { exports } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { version } from '../../../package.json';
import { hostAllowed } from '../../../worker/middleware/hosts.ts';
import { allowOrigin } from '../../../worker/middleware/origins.ts';
import { chooseEncoding } from '../../../worker/middleware/encoding.ts';
import { call, expectRefusal, get, post } from '../http.ts';

const JSON_TYPE = 'application/json; charset=UTF-8';

describe('GET /api', () => {
  test('tells host, version and service, with a line feed (R1)', async () => {
    const reply = await get('/api');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Content-Type')).toBe(JSON_TYPE);
    expect(reply.text).toBe(`{"Host":"edgedive","Version":"${version}","Service":"analyzer"}\n`);
  });
});

describe('paths', () => {
  test.each(['/api', '/api/capture', '/api/topology', '/api/status'])(
    'redirects %s/ to the path without the slash (R2)',
    async (path) => {
      const reply = await get(`${path}/`);
      expect(reply.status).toBe(301);
      expect(reply.headers.get('Location')).toBe(path);
      expect(reply.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
      expect(reply.text).toBe(`<a href="${path}">Moved Permanently</a>.\n\n`);
    },
  );

  test('keeps the query part of a redirected path', async () => {
    expect((await get('/api/status/?a=1&b=2')).headers.get('Location')).toBe('/api/status?a=1&b=2');
  });

  test('redirects POST too, without a body', async () => {
    const reply = await post('/api/capture/', {});
    expect([reply.status, reply.headers.get('Location'), reply.text]).toEqual([301, '/api/capture', '']);
  });

  test.each([
    ['//api', '/api'],
    ['/api//capture', '/api/capture'],
    ['/api///capture//', '/api/capture/'],
    ['//evil.example/x', '/evil.example/x'],
  ])('redirects %s to the cleaned path', async (path, to) => {
    const reply = await get(`http://localhost${path}`);
    expect([reply.status, reply.headers.get('Location'), reply.text]).toEqual([301, to, '']);
  });

  test.each(['/api/nope', '/nope', '/nope/', '/API', '/api/Capture'])(
    'answers 404 to GET %s (R3)',
    async (path) => {
      expectRefusal(await get(path), 404, '404 page not found');
    },
  );

  test('answers 404 to any method of an unknown path', async () => {
    expectRefusal(await post('/nope', {}), 404, '404 page not found');
    expect((await call('HEAD', '/api/nope')).status).toBe(404);
  });

  test.each([
    ['HEAD', '/api/capture', 'GET, POST, OPTIONS'],
    ['PUT', '/api/capture', 'GET, POST, OPTIONS'],
    ['DELETE', '/api/capture', 'GET, POST, OPTIONS'],
    ['POST', '/api/capture/x', 'GET, PATCH, DELETE, OPTIONS'],
    ['PUT', '/api/capture/', 'PATCH, DELETE, GET, POST, OPTIONS'],
    ['HEAD', '/api', 'GET, OPTIONS'],
    ['POST', '/api', 'GET, OPTIONS'],
    ['POST', '/api/status', 'GET, OPTIONS'],
    ['PUT', '/api/topology', 'GET, POST, OPTIONS'],
    ['DELETE', '/api/topology', 'GET, POST, OPTIONS'],
    ['POST', '/swagger.json', 'GET, OPTIONS'],
    ['POST', '/ws/subscriber/flow', 'GET, OPTIONS'],
  ])('answers 405 with Allow and no body to %s %s (R4)', async (method, path, allow) => {
    const reply = await call(method, path);
    expect([reply.status, reply.text]).toEqual([405, '']);
    expect(reply.headers.get('Allow')).toBe(allow);
    expect(reply.headers.get('Content-Type')).toBeNull();
  });
});

describe('other origins', () => {
  const origin = { Origin: 'http://ui.example' };
  const preflight = (method: string, headers?: string): Record<string, string> => ({
    ...origin,
    'Access-Control-Request-Method': method,
    ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
  });

  test('may read: the header is sent when an Origin was', async () => {
    expect((await get('/api', origin)).headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect((await get('/api')).headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test('see refusals too', async () => {
    expect((await get('/api/nope', origin)).headers.get('Access-Control-Allow-Origin')).toBe('*');
  });

  test('never get `*` together with credentials', async () => {
    expect((await get('/api', origin)).headers.get('Access-Control-Allow-Credentials')).toBeNull();
  });

  test.each([
    ['POST', 'content-type'],
    ['GET', 'X-Auth-Token, Authorization'],
    ['PATCH', 'content-type'],
    ['POST', 'Content-Type,X-Resource-TTL,X-Requested-With'],
    ['DELETE', undefined],
  ])('may %s with %s after a preflight (R78)', async (method, headers) => {
    const reply = await call('OPTIONS', '/api/capture', { headers: preflight(method, headers) });
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(reply.headers.get('Access-Control-Allow-Methods')).toContain(method);
    expect(reply.headers.get('Access-Control-Allow-Headers')).toBe(headers ?? null);
  });

  test('are refused a method that no route has, and a header that nobody needs', async () => {
    expect((await call('OPTIONS', '/api', { headers: preflight('PURGE') })).status).toBe(405);
    expect((await call('OPTIONS', '/api', { headers: preflight('POST', 'x-foo') })).status).toBe(403);
  });

  test('OPTIONS without Origin is 200 and empty', async () => {
    const reply = await call('OPTIONS', '/api');
    expect([reply.status, reply.text]).toEqual([200, '']);
  });

  test('can be narrowed to a list; the page of the analyzer itself always may call', () => {
    const url = 'http://localhost:8082';
    expect(allowOrigin('*', 'http://a.example', url)).toBe('*');
    expect(allowOrigin('http://a.example, http://b.example', 'http://b.example', url)).toBe(
      'http://b.example',
    );
    expect(allowOrigin('http://a.example', 'http://b.example', url)).toBeUndefined();
    expect(allowOrigin('', 'http://localhost:8082', url)).toBe('http://localhost:8082');
    expect(allowOrigin('', 'null', url)).toBeUndefined();
  });
});

describe('the Host header', () => {
  test.each(['http://evil.example/api', 'http://localhost.evil.example/api', 'http://192.0.2.1/api/capture'])(
    'refuses %s, which names no host of ours',
    async (url) => {
      const { host } = new URL(url);
      expectRefusal(await get(url), 403, `host '${host}' is not allowed: add it to EDGEDIVE_ALLOWED_HOSTS`);
    },
  );

  test('refuses an upgrade too', async () => {
    const reply = await get('http://evil.example/ws/subscriber/flow', { Upgrade: 'websocket' });
    expect(reply.status).toBe(403);
  });

  test.each(['http://localhost:1234/api', 'http://127.0.0.1:8082/api', 'http://[::1]:8082/api'])(
    'takes %s',
    async (url) => {
      expect((await get(url)).status).toBe(200);
    },
  );

  test.each([
    ['a.example', 'a.example:99', true],
    ['a.example:80', 'a.example:80', true],
    ['a.example:80', 'a.example:81', false],
    ['*.a.example', 'x.a.example:80', true],
    ['*.a.example', 'a.example', false],
    ['*.a.example', 'xa.example', false],
    ['*', 'anything:1', true],
    ['', 'localhost', false],
    ['A.Example', 'a.example', true],
    ['[::1]', '[::1]:8082', true],
  ])('list %j and host %s: %s', (list, host, allowed) => {
    expect(hostAllowed(list, host)).toBe(allowed);
  });
});

describe('compression', () => {
  /** The runtime's own fetch takes gzip apart before a test sees it, and leaves deflate as it is. */
  async function decoded(reply: Response): Promise<string> {
    if (reply.headers.get('Content-Encoding') !== 'deflate') return reply.text();
    return new Response(reply.body!.pipeThrough(new DecompressionStream('deflate'))).text();
  }

  test.each(['gzip', 'deflate'])('with %s decodes to the same JSON (R77)', async (format) => {
    for (const path of ['/api', '/api/nope', '/swagger.json']) {
      const reply = await exports.default.fetch(`http://localhost${path}`, {
        headers: { 'Accept-Encoding': format },
      });
      expect(reply.headers.get('Content-Encoding')).toBe(format);
      expect(await decoded(reply)).toBe((await get(path)).text);
    }
  });

  test('is told to caches on every answer', async () => {
    for (const path of ['/api', '/api/nope', '/api/'])
      expect((await get(path)).headers.get('Vary')).toContain('Accept-Encoding');
  });

  test.each([
    [undefined, undefined],
    ['', undefined],
    ['br', undefined],
    ['gzip, deflate, br', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.5, deflate', 'deflate'],
    ['*', 'gzip'],
    ['identity', undefined],
    ['GZIP', 'gzip'],
  ])('Accept-Encoding %j chooses %s', (header, chosen) => {
    expect(chooseEncoding(header)).toBe(chosen);
  });
});

describe('every answer', () => {
  test('has an id of its own', async () => {
    const [one, two] = [await get('/api'), await get('/api/nope')];
    expect(one.headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/);
    expect(one.headers.get('X-Request-Id')).not.toBe(two.headers.get('X-Request-Id'));
  });

  test('over TLS asks for TLS in future', async () => {
    expect((await get('https://localhost/api')).headers.get('Strict-Transport-Security')).toContain(
      'max-age=',
    );
    expect((await get('/api')).headers.get('Strict-Transport-Security')).toBeNull();
  });
});
