/**
 * Keeps the analyzer's archived files in a folder: PUT, GET and DELETE on a socket of this machine (an abstract Unix address), since workerd
 * can write to a folder but delete nothing in it. A file is written beside its place and renamed when it is on the disk.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../core/errors.ts';

/** Resolves with the address as workerd's configuration takes it. Rejects when the folder cannot be made. */
export async function serveArchive(folder: string): Promise<string> {
  const root = resolve(folder);
  mkdirSync(root, { recursive: true });
  const server = createServer((request, response) => {
    answer(root, request, response).catch((error: unknown) => {
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!response.headersSent) response.writeHead(isAbsent ? 404 : 500, { 'Content-Type': 'text/plain' });
      response.end(messageOf(error));
    });
  });
  const name = `edgedive-archive-${randomUUID()}`;
  await new Promise<void>((done, reject) => {
    server.once('error', reject);
    server.listen(`\0${name}`, done);
  });
  server.unref();
  return `unix-abstract:${name}`;
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = join(root, new URL(request.url ?? '/', 'http://archive').pathname);
  if (!path.startsWith(root + sep)) throw new Error('not in the archive');
  if (request.method === 'PUT') {
    await write(path, request);
    response.writeHead(204).end();
  } else if (request.method === 'GET') {
    const { size } = await stat(path);
    response.writeHead(200, { 'Content-Length': size });
    await pipeline(createReadStream(path), response);
  } else if (request.method === 'DELETE') {
    await unlink(path);
    response.writeHead(204).end();
  } else response.writeHead(405, { Allow: 'GET, PUT, DELETE' }).end();
}

async function write(path: string, body: IncomingMessage): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(beside, 'wx');
    try {
      for await (const chunk of body) await file.write(chunk as Buffer);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
