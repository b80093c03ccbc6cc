/** Flows and requests told to a collector of OTLP and a proxy of Kafka beside the analyzer, through the whole of `npm start`. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { root } from './harness/process.ts';

interface Got {
  readonly path: string;
  readonly key: string | undefined;
  readonly body: unknown;
}

describe('exports', () => {
  const got: Got[] = [];
  let isAway = true;
  let receiver: Server;
  let analyzer: Analyzer;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      void text(request).then((body) => {
        if (isAway) return response.writeHead(503, { 'Retry-After': '1' }).end();
        got.push({
          path: request.url!,
          key: request.headers['x-key'] as string | undefined,
          body: JSON.parse(body),
        });
        return response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      });
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    analyzer = await startEdgedive({
      probe: false,
      env: {
        EDGEDIVE_OTLP: base,
        EDGEDIVE_OTLP_HEADERS: 'x-key=k%20ey',
        EDGEDIVE_KAFKA: `${base}/topics/flows`,
      },
    });
  });
  afterAll(async () => {
    await analyzer.stop();
    receiver.close();
  });

  const exportsNow = async (): Promise<{ to: string; error: string }[]> => {
    const status = (await (await analyzer.get('/api/status')).json()) as {
      Edgedive: { FlowShards: { exports: { to: string; error: string }[] }[] };
    };
    return status.Edgedive.FlowShards[0]!.exports;
  };

  it('tell every flow once, after a kill and an absence too', async () => {
    const body = readFileSync(join(root, 'test/pcap/dns-records.pcap'));
    await analyzer.fetch('/api/pcap', { method: 'POST', body });
    await eventually(async () => expect((await exportsNow())[0]!.error).toBe('answered 503'));
    await analyzer.kill9Analyzer();
    await eventually(async () => expect((await analyzer.get('/api')).status).toBe(200));
    await analyzer.fetch('/api/pcap', {
      method: 'POST',
      body: readFileSync(join(root, 'test/pcap/icmpv4-kinds.pcap')),
    });
    isAway = false;
    const flows = await analyzer.query<{ UUID: string }[]>('G.Flows()');
    const ids = flows.map(({ UUID }) => UUID).toSorted();
    expect(ids.length).toBeGreaterThan(10);
    const records = (): string[] =>
      got
        .filter(({ path }) => path === '/topics/flows')
        .flatMap(({ body: told }) => (told as { records: { key: string }[] }).records.map(({ key }) => key));
    await eventually(() => expect(records().toSorted()).toEqual(ids), { timeoutMs: 60_000 });
    const logs = got.filter(({ path }) => path === '/v1/logs');
    expect(new Set(logs.map(({ key }) => key))).toEqual(new Set(['k ey']));
    await eventually(() => expect(got.map(({ path }) => path)).toContain('/v1/traces'), {
      timeoutMs: 60_000,
    });
    await eventually(async () => {
      const told = { waitingRows: 0, error: '' };
      expect(await exportsNow()).toEqual([
        { to: 'otlp', ...told },
        { to: 'kafka', ...told },
      ]);
    });
    // The secret is nowhere to be read.
    for (const path of ['/api/status', '/api/config/export.otlp_headers', '/metrics'])
      expect(await (await analyzer.get(path)).text()).not.toContain('k%20ey');
  });
});
