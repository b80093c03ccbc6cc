/**
 * Compresses answers for clients that ask (the reference's Go client always does). The stream is compressed here and
 * marked as already encoded, because plain workerd would else encode the marked body a second time.
 */
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app.ts';

type Encoding = 'gzip' | 'deflate';

/** The encoding to use for an Accept-Encoding header; gzip wins a tie. Undefined = send as it is. */
export function chooseEncoding(header: string | undefined): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const entry of (header ?? '').split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    if (name !== '') weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0);
  }
  const weight = (name: Encoding): number => weights.get(name) ?? weights.get('*') ?? 0;
  const best: Encoding = weight('deflate') > weight('gzip') ? 'deflate' : 'gzip';
  return weight(best) > 0 && weight(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}

export const encoding = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.res.status === 101) return;
  c.header('Vary', 'Accept-Encoding', { append: true });
  const chosen = chooseEncoding(c.req.header('Accept-Encoding'));
  if (chosen === undefined || c.res.body === null || c.res.headers.has('Content-Encoding')) return;
  const plain = c.res;
  const headers = new Headers(plain.headers);
  headers.set('Content-Encoding', chosen);
  headers.delete('Content-Length');
  const body = c.res.body.pipeThrough(new CompressionStream(chosen));
  // Assigning over an answer would copy it and forget how it is encoded.
  c.res = undefined;
  c.res = new Response(body, { status: plain.status, headers, encodeBody: 'manual' });
});
