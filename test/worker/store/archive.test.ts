/** The archive over HTTP: a folder, and a bucket of S3 whose requests are signed. */
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { archiveIn, type Archive } from '../../../worker/store/archive.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** A store that keeps what it is given, and what it was asked. */
function store(answer?: (seen: Seen) => Response | undefined) {
  const kept = new Map<string, Uint8Array>();
  const seen: Seen[] = [];
  const fetcher = {
    fetch: async (input: Request | string, init?: RequestInit) => {
      const request = new Request(input, init);
      const one = { method: request.method, url: request.url, headers: request.headers };
      seen.push(one);
      const other = answer?.(one);
      if (other !== undefined) return other;
      if (request.method === 'PUT') {
        kept.set(request.url, new Uint8Array(await request.arrayBuffer()));
        return new Response(null, { status: 200 });
      }
      if (request.method === 'DELETE') {
        kept.delete(request.url);
        return new Response(null, { status: 204 });
      }
      const found = kept.get(request.url);
      return found === undefined ? new Response('NoSuchKey', { status: 404 }) : new Response(found);
    },
  };
  return { kept, seen, fetcher };
}

const S3 = {
  EDGEDIVE_ARCHIVE_S3: 'https://s3.example/bucket/flows/',
  EDGEDIVE_ARCHIVE_S3_REGION: 'eu-central-1',
  EDGEDIVE_ARCHIVE_S3_KEY: 'AKIDEXAMPLE',
  EDGEDIVE_ARCHIVE_S3_SECRET: 'a secret',
};
const openS3 = (made: ReturnType<typeof store>): Archive =>
  archiveIn({ ...env, ...S3, EDGEDIVE_EXPORTS: made.fetcher } as unknown as Env)!;
const openFolder = (made: ReturnType<typeof store>): Archive =>
  archiveIn({ ...env, EDGEDIVE_ARCHIVE: made.fetcher } as unknown as Env)!;
const NAME = 'fabric=main/shard=0/date=2026-11-27/hour=05/flows-1-2.parquet';

describe.each([
  ['a folder', openFolder],
  ['a bucket of S3', openS3],
])('%s', (_what, open) => {
  test('keeps a file, gives it back, and forgets it; one that is not there is no fault', async () => {
    const made = store();
    const archive = open(made);
    expect(await archive.get(NAME)).toBeUndefined();
    await archive.put(NAME, Uint8Array.of(1, 2, 3));
    expect(await archive.get(NAME)).toEqual(Uint8Array.of(1, 2, 3));
    await archive.delete(NAME);
    await archive.delete(NAME);
    expect(await archive.get(NAME)).toBeUndefined();
  });

  test('that fails says with what, and for which file', async () => {
    const archive = open(store(() => new Response('<Code>SlowDown</Code>', { status: 503 })));
    for (const work of [archive.put(NAME, Uint8Array.of(1)), archive.get(NAME), archive.delete(NAME)])
      await expect(work).rejects.toThrow(new RegExp(`${NAME}: 503 <Code>SlowDown`));
  });
});

test('requests to S3 are signed for their region, and the secret is in none of them', async () => {
  const made = store();
  await openS3(made).put(NAME, Uint8Array.of(1));
  const [put] = made.seen;
  expect(put!.url).toBe(`https://s3.example/bucket/flows/${NAME.replaceAll('=', '%3D')}`);
  expect(put!.headers.get('Authorization')).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=[^,]*host[^,]*, Signature=[\da-f]{64}$/,
  );
  expect(JSON.stringify([...put!.headers])).not.toContain('a secret');
});
