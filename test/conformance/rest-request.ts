/** Sends a request as it was recorded: paths go out as they are, where `fetch` would clean them. */
import { request } from 'node:http';
import { uncompressed, type Answer } from './rest-case.ts';

/** `base` is the URL of the server. Rejects when there is no answer, or one that is not what its Content-Encoding says. */
export async function sendRecorded(
  base: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const raw = await new Promise<Omit<Answer, 'text'>>((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const options = { hostname, port, method, path, headers: { ...headers, ...length } };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const all = response.headers as Record<string, string | undefined>;
        resolve({ status: response.statusCode ?? 0, headers: all, bytes: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
  const bytes = uncompressed(raw.bytes, raw.headers['content-encoding']);
  return { ...raw, bytes, text: bytes.toString() };
}
