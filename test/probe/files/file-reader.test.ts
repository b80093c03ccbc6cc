import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openFile, UnpackError } from '../../../probe/files/file-reader.ts';

const directory = mkdtempSync(join(tmpdir(), 'edgedive-reader-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Longer than a piece, and it packs badly. */
const content = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7919) >>> 3));

function written(name: string, bytes: Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

async function read(path: string): Promise<{ bytes: Buffer; error: unknown; size: number; read: number }> {
  const file = await openFile(path);
  const pieces: Buffer[] = [];
  let error: unknown;
  try {
    for await (const piece of file.pieces()) pieces.push(Buffer.from(piece));
  } catch (thrown) {
    error = thrown;
  }
  return { bytes: Buffer.concat(pieces), error, size: file.size, read: file.read };
}

describe('openFile', () => {
  it.each([
    ['plain', content],
    ['empty', Buffer.alloc(0)],
    ['one byte', Buffer.of(0x1f)],
  ])('gives a file as it is: %s', async (name, bytes) => {
    const file = await read(written(name, bytes));
    expect(file.error).toBeUndefined();
    expect(file.bytes.equals(bytes)).toBe(true);
    expect([file.size, file.read]).toEqual([bytes.length, bytes.length]);
  });

  it('unpacks gzip, of several members too', async () => {
    const packed = Buffer.concat([gzipSync(content), gzipSync(content)]);
    const file = await read(written('two.gz', packed));
    expect(file.error).toBeUndefined();
    expect(file.bytes.equals(Buffer.concat([content, content]))).toBe(true);
    expect([file.size, file.read]).toEqual([packed.length, packed.length]);
  });

  it('gives what unpacks of a cut gzip file before it throws', async () => {
    const packed = gzipSync(content);
    const file = await read(written('cut.gz', packed.subarray(0, packed.length >> 1)));
    expect(file.error).toBeInstanceOf(UnpackError);
    expect(file.bytes.length).toBeGreaterThan(0);
    expect(file.bytes.equals(content.subarray(0, file.bytes.length))).toBe(true);
  });

  it('throws for a directory and for what is not there', async () => {
    await expect(openFile(directory)).rejects.toThrow('is a directory');
    await expect(openFile(join(directory, 'nope'))).rejects.toThrow('ENOENT');
  });
});
