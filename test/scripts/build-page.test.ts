import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPage } from '../../scripts/build-page.mjs';

/** What the browser may have to load before it shows anything (docs/page.md). */
const INITIAL_GZIP_BYTES_MAX = 120 * 1024;

describe('buildPage', () => {
  const parent = mkdtempSync(join(tmpdir(), 'edgedive-page-'));
  const directory = join(parent, 'page');
  const manifest = () =>
    JSON.parse(readFileSync(join(dirname(directory), `.${basename(directory)}.json`), 'utf8')) as {
      readonly files: string[];
      readonly initial: string[];
    };
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');

  beforeAll(() => buildPage(directory));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test('the first script and all that it needs at once stay below the bound', () => {
    const { initial } = manifest();
    const bytes = initial.map((name) => gzipSync(read(name)).length).reduce((sum, size) => sum + size, 0);
    console.info(`initial script: ${bytes} bytes of gzip in ${initial.length} files`);
    expect(initial.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(INITIAL_GZIP_BYTES_MAX);
  });

  test('the page names files that are there, and nothing else: no script of its own, nothing from elsewhere', () => {
    const html = read('index.html');
    const named = [...html.matchAll(/(?:src|href)="\/(ui\/[^"]+)"/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(1);
    for (const name of named) expect(manifest().files).toContain(name);
    expect(html).not.toMatch(/<script(?![^>]* src="\/ui\/)|<style|https?:|onload=/);
  });

  test('made again from the same sources it is left as it is', async () => {
    const before = manifest();
    await buildPage(directory);
    expect(manifest()).toEqual(before);
  });
});
