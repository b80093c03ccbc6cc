/**
 * Queries recorded from a running reference (release 0.28.0) against one lab: its graph and flows are loaded here, every
 * query is asked again (recorded-queries.ts).
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { judgeQuery, worldIn, type RecordedQuery } from './recorded-queries.ts';

const DIRECTORY = fileURLToPath(new URL('../../../shared/conformance/recordings/', import.meta.url));

/** Of the recording, where there is nothing to compare. */
const NOT_COMPARED: readonly (readonly [reason: string, holds: (one: RecordedQuery) => boolean])[] = [
  ['counters change', ({ query }) => query.includes("Values('Metric')")],
  ['the body is compressed', ({ status, body }) => status !== null && /^[A-Za-z0-9+/]{8,}=*$/.test(body)],
  ['the table was empty for a moment', ({ query, body }) => query === 'G.Flows().Count()' && body === '0\n'],
  ['raw packets are gone by now', ({ accept }) => accept === 'application/vnd.tcpdump.pcap'],
];

function recordedIn(file: string): readonly RecordedQuery[] {
  const lines = readFileSync(`${DIRECTORY}${file}`, 'utf8').trim().split('\n');
  return lines.flatMap((line): RecordedQuery[] => {
    const { request, response } = JSON.parse(line) as {
      request: { method: string; path: string; headers: Record<string, string>; body: string };
      response: { status: number | null; body: string | null };
    };
    const query = queryIn(request.body);
    if (request.path !== '/api/topology' || request.method !== 'POST' || query === undefined) return [];
    const accept = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'accept')?.[1];
    return [{ query, accept, status: response.status, body: response.body ?? '' }];
  });
}

/** Undefined for bodies that are no request with a query. */
function queryIn(body: string): string | undefined {
  try {
    const { GremlinQuery: query } = JSON.parse(body) as { GremlinQuery?: unknown };
    return typeof query === 'string' && query !== '' ? query : undefined;
  } catch {
    return undefined;
  }
}

describe.runIf(existsSync(DIRECTORY))('recorded answers (../shared/conformance/recordings)', () => {
  for (const file of ['topology.jsonl', 'flows-fresh.jsonl', 'flows-updated.jsonl'])
    it(`of ${file} are given again`, async () => {
      const recorded = recordedIn(file);
      const world = worldIn(
        (query) =>
          recorded.find((one) => one.query === query && one.status === 200 && one.body.startsWith('['))?.body,
      );
      const differences: string[] = [];
      for (const one of recorded) {
        if (NOT_COMPARED.some(([, holds]) => holds(one))) continue;
        const verdict = await judgeQuery(world, one);
        if (verdict.kind === 'different') differences.push(`${one.query}: ${verdict.text}`);
      }
      expect(recorded.length).toBeGreaterThan(200);
      expect(differences).toEqual([]);
    });
});
