/** Pages for people. */
import { describe, expect, test } from 'vitest';
import { get } from '../http.ts';

describe('/docs', () => {
  test('shows every operation and schema, without scripts or anything from elsewhere', async () => {
    const { status, headers, text } = await get('/docs');
    expect([status, headers.get('Content-Type')]).toEqual([200, 'text/html; charset=UTF-8']);
    const document = JSON.parse((await get('/openapi.json')).text) as {
      readonly paths: Record<string, object>;
      readonly components: { readonly schemas: Record<string, object> };
    };
    for (const path of Object.keys(document.paths)) expect(text).toContain(`<code>${path}</code>`);
    for (const name of Object.keys(document.components.schemas)) expect(text).toContain(`<h3>${name}</h3>`);
    expect(text).not.toMatch(/<script|https?:\/\/(?!hooks\.example)/);
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'/);
  });
});

describe('/', () => {
  test.each(['/', '/ui/', '/ui/login', '/ui/topology', '/ui_v2'])('%s is the page', async (path) => {
    const { status, headers, text } = await get(path);
    expect([status, headers.get('Content-Type'), headers.get('Cache-Control')]).toEqual([
      200,
      'text/html; charset=UTF-8',
      'no-cache',
    ]);
    expect(text).toContain('<div id="page">');
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  });

  test('what it names is there, and may be kept for ever', async () => {
    const { text } = await get('/');
    const names = [...text.matchAll(/(?:src|href)="(\/ui\/[^"]+)"/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const { status, headers } = await get(name);
      expect([name, status, headers.get('Cache-Control')]).toEqual([
        name,
        200,
        'public, max-age=31536000, immutable',
      ]);
      expect(headers.get('Content-Type')).toMatch(name.endsWith('.js') ? /^text\/javascript/ : /^text\/css/);
    }
  });

  test('nothing else of the folder is', async () => {
    for (const path of ['/ui/index.html', '/index.html', '/ui/../index.html', '/ui/%2e%2e/index.html'])
      expect((await get(path)).text).not.toContain('id="page"');
  });

  test('places where pages used to be', async () => {
    const moved = await get('/ui');
    expect([moved.status, moved.headers.get('Location')]).toEqual([301, '/ui/']);
    expect(await get('/ui/nosuch.js')).toMatchObject({ status: 404, text: '' });
  });
});
