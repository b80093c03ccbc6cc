/** Backups of states that no analyzer is needed for: very large files, and databases that are written meanwhile. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackupError, backUp, hashOf, restore } from '../../scripts/backup/backup.ts';

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgedive-backup-'));
  state = join(folder, 'state');
  mkdirSync(join(state, 'do'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file larger than any buffer has its SHA-256', { timeout: 120_000 }, async () => {
  const large = join(state, 'do/large');
  writeFileSync(large, 'begin');
  // It takes no room on the disk.
  truncateSync(large, 2 ** 31 + 5);
  // As sha256sum says.
  expect(await hashOf(large)).toBe('a38e21bd216aaf2ed6769e0b5558ea66ee736237eda625383aa793c9756b0f2b');
});

test('a file that is shorter than it was is refused, and nothing is put in its place', async () => {
  writeFileSync(join(state, 'do/some'), 'all of it');
  const [to, there] = [join(folder, 'backup'), join(folder, 'restored')];
  expect(await backUp(state, to)).toEqual({ files: 1, bytes: 9 });
  truncateSync(join(to, 'do/some'), 8);
  await expect(restore(to, there, true)).rejects.toThrow(BackupError);
  expect(existsSync(there)).toBe(false);
});

test('a database that is written all the time is copied as it was at one moment', async () => {
  const path = join(state, 'do/busy.sqlite');
  const writer = new DatabaseSync(path);
  writer.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE pair (a INTEGER, b INTEGER); CREATE TABLE sum (n INTEGER)',
  );
  writer.exec('INSERT INTO sum VALUES (0)');
  let written = 0;
  // Each transaction keeps both tables equal; half of one would show.
  const write = (): void => {
    writer.exec('BEGIN');
    for (let row = 0; row < 50; row++) writer.exec(`INSERT INTO pair VALUES (${written}, ${row})`);
    writer.exec('UPDATE sum SET n = n + 50; COMMIT');
    written++;
  };
  for (let turn = 0; turn < 200; turn++) write();
  const timer = setInterval(write, 1);
  const to = join(folder, 'backup');
  await backUp(state, to);
  clearInterval(timer);
  writer.close();
  const copy = new DatabaseSync(join(to, 'do/busy.sqlite'), { readOnly: true });
  const { rows, n } = copy.prepare('SELECT (SELECT count(*) FROM pair) AS rows, n FROM sum').get() as {
    rows: number;
    n: number;
  };
  copy.close();
  expect(rows).toBe(n);
  expect(rows).toBeGreaterThanOrEqual(10_000);
  expect(written).toBeGreaterThan(200);
});
