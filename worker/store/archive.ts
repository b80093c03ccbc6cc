/**
 * Where files of the past are kept beside the objects: a bucket of R2 on Cloudflare, a folder or a bucket of anything that speaks S3 when self-hosted. A file is there whole or not
 * at all, and written again it replaces itself.
 */
import { AwsClient } from 'aws4fetch';
import { timings } from '../../core/limits.ts';

export interface Archive {
  /** Resolves when the file is kept. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is none of this name. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Nothing for a file that is not there. */
  delete(name: string): Promise<void>;
}

/** Undefined where the past stays in the objects. */
export function archiveIn(env: Env): Archive | undefined {
  if (env.EDGEDIVE_ARCHIVE_BUCKET !== undefined) return inBucket(env.EDGEDIVE_ARCHIVE_BUCKET);
  if ((env.EDGEDIVE_ARCHIVE_S3 ?? '') !== '') return inS3(env);
  const folder = env.EDGEDIVE_ARCHIVE;
  return folder && overHttp('http://archive', (url, init) => folder.fetch(url, init));
}

/** `https://endpoint/bucket/prefix`, signed by AWS Signature Version 4. */
function inS3(env: Env): Archive {
  const client = new AwsClient({
    accessKeyId: env.EDGEDIVE_ARCHIVE_S3_KEY ?? '',
    secretAccessKey: env.EDGEDIVE_ARCHIVE_S3_SECRET ?? '',
    service: 's3',
    region: env.EDGEDIVE_ARCHIVE_S3_REGION,
  });
  const send = env.EDGEDIVE_EXPORTS ?? { fetch: (request: Request) => fetch(request) };
  // The `=` in names: servers differ in what they sign of it, unless it comes escaped.
  return overHttp(env.EDGEDIVE_ARCHIVE_S3.replace(/\/+$/, ''), async (url, init) =>
    send.fetch(await client.sign(url.replaceAll('=', '%3D'), init)),
  );
}

function inBucket(bucket: R2Bucket): Archive {
  return {
    put: async (name, bytes) => {
      await bucket.put(name, bytes);
    },
    get: async (name) => {
      const found = await bucket.get(name);
      return found === null ? undefined : new Uint8Array(await found.arrayBuffer());
    },
    delete: (name) => bucket.delete(name),
  };
}

const REASON_CHARS_MAX = 300;

/** PUT, GET and DELETE, as S3 has them and scripts/start/archive-folder.ts answers them. */
function overHttp(base: string, send: (url: string, init: RequestInit) => Promise<Response>): Archive {
  const ask = async (method: string, name: string, body?: Uint8Array): Promise<Response> => {
    const answer = await send(`${base}/${name}`, {
      method,
      signal: AbortSignal.timeout(timings.archiveRequestMs),
      ...(body !== undefined && { body }),
    });
    if (answer.ok || answer.status === 404) return answer;
    const reason = (await answer.text()).slice(0, REASON_CHARS_MAX);
    throw new Error(`${method} ${name}: ${answer.status} ${reason}`);
  };
  return {
    put: async (name, bytes) => {
      const answer = await ask('PUT', name, bytes);
      if (!answer.ok) throw new Error(`PUT ${name}: ${answer.status}`);
    },
    get: async (name) => {
      const answer = await ask('GET', name);
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
      await answer.body?.cancel();
      return undefined;
    },
    delete: async (name) => {
      await (await ask('DELETE', name)).body?.cancel();
    },
  };
}
