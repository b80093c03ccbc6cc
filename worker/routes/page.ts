/**
 * `/` and the places where the reference has its pages: until there is one of our own, a page that says what answers here and
 * where to go on. No scripts, nothing from elsewhere.
 */
import type { App, AppContext } from '../app.ts';
import { version } from './info.ts';
import { htmlAnswer } from './rest.ts';

const PLACES = ['/', '/ui/', '/ui/login', '/ui/topology', '/ui/preference', '/ui/status', '/ui_v2'];

function page(host: string): string {
  const name = host.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Edgedive</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  pre { overflow: auto; padding: 0.75rem; border: 1px solid; border-radius: 6px; }
</style>
<h1>Edgedive ${version}</h1>
<p>An analyzer of network topology and flows, on host <strong>${name}</strong>. It speaks the API of Skydive.</p>
<h2>Ask it</h2>
<pre>npx edgedive query "G.V().Has('Type', 'netns')"
npx edgedive flows observe -f
npx edgedive capture create --gremlin "G.V().Has('Name', 'eth0')"</pre>
<h2>Read on</h2>
<ul>
  <li><a href="/docs">The API</a>, also as <a href="/openapi.json">OpenAPI 3.1</a> and <a href="/swagger.json">Swagger 2.0</a></li>
  <li><a href="/api/status">Status</a> and <a href="/metrics">metrics</a></li>
</ul>
</html>
`;
}

function show(c: AppContext): Response {
  return htmlAnswer(page(c.env.EDGEDIVE_HOST_ID));
}

export function mountPage(app: App): void {
  for (const place of PLACES) app.get(place, show);
  app.get('/ui', (c) => c.html('<a href="/ui/">Moved Permanently</a>.\n\n', 301, { Location: '/ui/' }));
  // Assets that are not there are answered without a text, as in the reference.
  const missing = (): Response => new Response(null, { status: 404 });
  for (const place of ['/ui/:rest{.+}', '/ui_v2/:rest{.+}', '/extra-statics/:rest{.+}'])
    app.get(place, missing);
}
