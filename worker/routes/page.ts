/**
 * The page (`ui/`): `/` and the places where the reference has its pages. Its files are static assets, made by scripts/build-page.mjs; they
 * come through here, in every runtime alike, for the sake of their headers. Files are public, what they show is not: the page asks the
 * API like anybody else.
 */
import type { App, AppContext } from '../app.ts';

const PLACES = ['/', '/ui/', '/ui/login', '/ui/topology', '/ui/preference', '/ui/status', '/ui_v2'];

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=UTF-8',
  js: 'text/javascript; charset=UTF-8',
  css: 'text/css; charset=UTF-8',
};

/** Nothing from elsewhere, no script or style in the page itself, in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page itself may change with the analyzer; names of the other files hold the hash of their content. */
const CACHED = { html: 'no-cache', other: 'public, max-age=31536000, immutable' };

/** A file without a text where it is missing, as in the reference. */
async function file(c: AppContext, path: string): Promise<Response> {
  const extension = path.slice(path.lastIndexOf('.') + 1);
  const type = TYPES[extension];
  const found = type === undefined ? undefined : await c.env.EDGEDIVE_PAGE.fetch(`http://page${path}`);
  if (type === undefined || found?.status !== 200) {
    await found?.body?.cancel();
    return new Response(null, { status: 404 });
  }
  return new Response(found.body, {
    headers: {
      'Content-Type': type,
      'Cache-Control': extension === 'html' ? CACHED.html : CACHED.other,
      'Content-Security-Policy': POLICY,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

export function mountPage(app: App): void {
  for (const place of PLACES) app.get(place, (c) => file(c, '/index.html'));
  app.get('/ui', (c) => c.html('<a href="/ui/">Moved Permanently</a>.\n\n', 301, { Location: '/ui/' }));
  app.get(String.raw`/ui/:name{[\w-]+\.(?:js|css)}`, (c) => file(c, `/ui/${c.req.param('name')}`));
  const missing = (): Response => new Response(null, { status: 404 });
  for (const place of ['/ui/:rest{.+}', '/ui_v2/:rest{.+}', '/extra-statics/:rest{.+}'])
    app.get(place, missing);
}
