/** Requests against the Worker as a client sends them; redirects are shown, not followed. */
import { exports } from 'cloudflare:workers';
import { expect } from 'vitest';

export interface Call {
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function call(method: string, path: string, { body, headers }: Call = {}): Promise<Reply> {
  const url = path.startsWith('http') ? path : `http://localhost${path}`;
  const response = await exports.default.fetch(
    new Request(url, { method, body: body ?? null, headers: headers ?? {}, redirect: 'manual' }),
  );
  return {
    status: response.status,
    headers: response.headers,
    text: new TextDecoder().decode(await response.arrayBuffer()),
  };
}

export async function get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply> {
  return call('GET', path, headers === undefined ? {} : { headers });
}

/** POST of a value as JSON, or of a text as it is. */
export async function post(
  path: string,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<Reply> {
  return call('POST', path, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

/** A refusal in the reference's form: plain text that ends with a line feed. */
export function expectRefusal(reply: Reply, status: number, text: string | RegExp): void {
  expect(reply.status).toBe(status);
  if (typeof text === 'string') expect(reply.text).toBe(`${text}\n`);
  else expect(reply.text).toMatch(text);
  expect(reply.text.endsWith('\n')).toBe(true);
  expect(reply.headers.get('Content-Type')).toBe('text/plain; charset=utf-8');
  expect(reply.headers.get('X-Content-Type-Options')).toBe('nosniff');
}
