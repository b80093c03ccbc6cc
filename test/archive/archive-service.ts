/**
 * What stands outside the Workers runtime for tests of the archive: a folder that files are kept in, as under `npm start`, and DuckDB,
 * which reads it as anybody could.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePython } from '../../scripts/setup/test-tools.ts';

const folder = join(tmpdir(), `edgedive-archive-${process.pid}`);
process.on('exit', () => void rm(folder, { recursive: true, force: true }));

interface Asked {
  readonly url: string;
  readonly method: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

/** `http://archive/…`: PUT, GET and DELETE of a file; DELETE of `/` empties the folder. */
export async function archiveFolder(request: Asked): Promise<Response> {
  const path = join(folder, new URL(request.url).pathname);
  try {
    if (request.method === 'PUT') {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, new Uint8Array(await request.arrayBuffer()));
      return new Response(null, { status: 204 });
    }
    if (request.method === 'DELETE') {
      await rm(path, { recursive: true });
      return new Response(null, { status: 204 });
    }
    return new Response(await readFile(path));
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return new Response(String(error), { status: isAbsent ? 404 : 500 });
  }
}

const SCRIPT = `
import duckdb, json, sys
rows = duckdb.execute(sys.argv[1]).fetchall()
print(json.dumps(rows, default=int))
`;

/** A POST of SQL, in which FILES stands for all the files; answers its rows, or 503 where there is no DuckDB. */
export async function duckDb(request: Asked): Promise<Response> {
  const outcome = await ensurePython();
  if ('reason' in outcome) return new Response(outcome.reason, { status: 503 });
  const files = `read_parquet('${folder}/**/*.parquet', hive_partitioning = true)`;
  const sql = (await request.text()).replaceAll('FILES', files);
  try {
    const { stdout } = await promisify(execFile)(outcome.python, ['-c', SCRIPT, sql], { maxBuffer: 1 << 26 });
    return new Response(stdout);
  } catch (error) {
    return new Response(String(error), { status: 500 });
  }
}
