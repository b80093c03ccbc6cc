/**
 * Where files of the past are kept beside the objects: a bucket of R2 on Cloudflare, a folder when self-hosted. A file is there whole or not
 * at all, and written again it replaces itself.
 */
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
  return env.EDGEDIVE_ARCHIVE === undefined ? undefined : inFolder(env.EDGEDIVE_ARCHIVE);
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

/** scripts/start/archive-folder.ts answers. */
function inFolder(folder: Fetcher): Archive {
  const ask = async (method: string, name: string, body?: Uint8Array): Promise<Response> => {
    const answer = await folder.fetch(`http://archive/${name}`, {
      method,
      ...(body !== undefined && { body }),
    });
    if (answer.ok || answer.status === 404) return answer;
    throw new Error(`${method} ${name}: ${answer.status} ${await answer.text()}`);
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
