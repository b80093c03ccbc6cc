/**
 * A copy of an analyzer's state while it runs, and back. Each object's database is copied by SQLite's own backup, which a writer does not
 * disturb; the copies of different objects are some milliseconds apart, which they bear as they bear a kill. A backup is a folder with a list of
 * what is in it and the SHA-256 of each file, and appears whole or not at all.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../core/errors.ts';

export class BackupError extends Error {
  override readonly name = 'BackupError';
}

interface Manifest {
  readonly version: 1;
  /** ISO 8601. */
  readonly made: string;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

const MANIFEST = 'backup.json';
/** Made anew at every start. */
const MADE_ANEW = /(?:^|\/)(?:lock|worker\.js|workerd\.capnp|[^/]+\.wasm)$|\.sqlite-(?:wal|shm)$/;

/** Copies the state into a new folder; how many files and bytes. Throws BackupError. */
export async function backUp(stateDir: string, to: string): Promise<{ files: number; bytes: number }> {
  if (!existsSync(join(stateDir, 'do'))) throw new BackupError(`${stateDir} is no state of an analyzer`);
  if (existsSync(to)) throw new BackupError(`${to} exists already`);
  const making = `${to}.part`;
  rmSync(making, { recursive: true, force: true });
  try {
    mkdirSync(making, { recursive: true, mode: 0o700 });
    const files: Manifest['files'][number][] = [];
    for (const path of filesIn(stateDir)) {
      const target = join(making, path);
      mkdirSync(dirname(target), { recursive: true });
      await copy(join(stateDir, path), target);
      files.push({ path, bytes: statSync(target).size, sha256: await hashOf(target) });
    }
    const manifest: Manifest = { version: 1, made: new Date().toISOString(), files };
    writeFileSync(join(making, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
    renameSync(making, to);
    return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error instanceof BackupError ? error : new BackupError(messageOf(error), { cause: error });
  }
}

async function copy(from: string, to: string): Promise<void> {
  if (!from.endsWith('.sqlite')) {
    copyFileSync(from, to);
    chmodSync(to, statSync(from).mode);
    return;
  }
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    await backup(database, to);
  } finally {
    database.close();
  }
}

/**
 * Puts a backup in the place of a state; what was there is moved aside, and its new name is returned. Throws BackupError when the backup is not
 * whole, or when there is a state and `force` is not given.
 */
export async function restore(
  from: string,
  stateDir: string,
  force: boolean,
): Promise<{ movedTo: string | undefined }> {
  const manifest = readManifest(from);
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = join(from, path);
    if (!existsSync(file)) throw new BackupError(`${path} is missing in the backup`);
    if (statSync(file).size !== bytes || (await hashOf(file)) !== sha256)
      throw new BackupError(`${path} is not what was backed up`);
  }
  const hasState = existsSync(stateDir) && readdirSync(stateDir).some((name) => name !== 'lock');
  if (hasState && !force) throw new BackupError(`${stateDir} has a state already: --force moves it aside`);
  const making = `${stateDir}.restored`;
  rmSync(making, { recursive: true, force: true });
  for (const { path } of manifest.files) {
    const target = join(making, path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(from, path), target);
    chmodSync(target, statSync(join(from, path)).mode);
  }
  const movedTo = hasState ? `${stateDir}.before-${Date.now()}` : undefined;
  if (movedTo !== undefined) renameSync(stateDir, movedTo);
  else rmSync(stateDir, { recursive: true, force: true });
  renameSync(making, stateDir);
  return { movedTo };
}

function readManifest(from: string): Manifest {
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(readFileSync(join(from, MANIFEST), 'utf8')) as Partial<Manifest>;
  } catch (error) {
    throw new BackupError(`${from} is no backup: ${messageOf(error)}`);
  }
  if (manifest.version !== 1 || !Array.isArray(manifest.files))
    throw new BackupError(`${from} is a backup of another version (${String(manifest.version)})`);
  for (const { path } of manifest.files)
    if (relative('/', join('/', path)) !== path) throw new BackupError(`${path} leads out of the backup`);
  return manifest as Manifest;
}

function filesIn(stateDir: string): string[] {
  return readdirSync(stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(stateDir, join(entry.parentPath, entry.name)))
    .filter((path) => !MADE_ANEW.test(path))
    .sort();
}

/** Piece by piece: a shard's database may be larger than a buffer can be. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
