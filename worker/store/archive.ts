/**
 * Where files of the past are kept beside the objects: a bucket of R2 on Cloudflare, a folder or a bucket of anything that speaks S3 when self-hosted. A file is there whole or not
 * at all, and written again it replaces itself.
 */
import { AwsClient } from 'aws4fetch';
import { timings } from '../../core/limits.ts';
import { inTime } from '../in-time.ts';

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
  /** The whole answer; undefined for a file that is not there. */
  const ask = async (method: string, name: string, body?: Uint8Array): Promise<Uint8Array | undefined> => {
    const { answer, bytes } = await inTime(timings.archiveRequestMs, async (signal) => {
      const told = await send(`${base}/${name}`, { method, signal, ...(body !== undefined && { body }) });
      return { answer: told, bytes: new Uint8Array(await told.arrayBuffer()) };
    });
    if (answer.ok) return bytes;
    if (answer.status === 404) return undefined;
    const reason = new TextDecoder().decode(bytes).slice(0, REASON_CHARS_MAX);
    throw new Error(`${method} ${name}: ${answer.status} ${reason}`);
  };
  return {
    put: async (name, bytes) => {
      if ((await ask('PUT', name, bytes)) === undefined) throw new Error(`PUT ${name}: 404`);
    },
    get: (name) => ask('GET', name),
    delete: async (name) => {
      await ask('DELETE', name);
    },
  };
}
