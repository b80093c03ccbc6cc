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
  test.each(['/', '/ui/', '/ui/login', '/ui/topology', '/ui_v2'])('%s says what answers', async (path) => {
    const { status, text } = await get(path);
    expect(status).toBe(200);
    expect(text).toMatch(/<h1>Edgedive /);
  });

  test('places where pages used to be', async () => {
    const moved = await get('/ui');
    expect([moved.status, moved.headers.get('Location')]).toEqual([301, '/ui/']);
    expect(await get('/ui/nosuch.js')).toMatchObject({ status: 404, text: '' });
  });
});
