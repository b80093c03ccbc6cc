import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { buildPage } from './scripts/build-page.mjs';
import { archiveFolder, duckDb } from './test/archive/archive-service.ts';

/** The rules of `core/` run in both homes they are made for; see ARCHITECTURE.md. */
const coreTests = ['test/core/**/*.test.ts'];

/** Nothing is meant to take so long, but the machine may be busy with something else. */
const PATIENCE_MS = 20_000;

// Every Worker under test has the page's files.
await buildPage();

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          testTimeout: PATIENCE_MS,
          include: [
            ...coreTests,
            'test/probe/**/*.test.ts',
            'test/cli/**/*.test.ts',
            'test/ui/**/*.test.ts',
            'test/scripts/**/*.test.ts',
            'test/conformance/**/*.test.ts',
          ],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            // Most tests are not about who asks; those that are set it.
            miniflare: {
              bindings: { EDGEDIVE_AUTH: 'off' },
              r2Buckets: ['TEST_BUCKET'],
              serviceBindings: { EDGEDIVE_ARCHIVE: archiveFolder, TEST_DUCKDB: duckDb },
            },
          }),
        ],
        test: {
          name: 'workerd',
          testTimeout: PATIENCE_MS,
          include: [...coreTests, 'test/worker/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          // A group of their own, never beside the others: these measure time and share the machine's interfaces.
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
