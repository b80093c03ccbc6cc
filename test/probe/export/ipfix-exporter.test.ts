/** The exporter's socket: what a collector gets, and what happens without one. The analyzer's flows are never held up. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../../core/wire/batch-encoder.ts';
import { decodeNetflow9 } from '../../../core/exporter/netflow9.ts';
import { TemplateCache } from '../../../core/exporter/template.ts';
import { limits } from '../../../core/limits.ts';
import { IpfixExporter } from '../../../probe/export/ipfix-exporter.ts';
import { createFlow, createFlowLayer, createFlowMetric, FlowProtocol } from '../../../proto/gen/flow.ts';

const log = { info: () => {}, warn: (text: string) => void said.push(text), error: () => {} };
let said: string[];
let collector: Socket;
let port: number;
const datagrams: Uint8Array[] = [];

beforeEach(async () => {
  said = [];
  datagrams.length = 0;
  collector = createSocket('udp4');
  collector.on('message', (datagram) => datagrams.push(datagram));
  collector.bind(0, '127.0.0.1');
  await once(collector, 'listening');
  ({ port } = collector.address());
});
afterEach(() => collector.close());

function bodyOf(flows: number): BatchBody {
  let body: BatchBody | undefined;
  const encoder = new BatchEncoder((made) => (body = made));
  const list = Array.from({ length: flows }, (_, index) =>
    createFlow({
      UUID: index.toString(16).padStart(16, '0'),
      LayersPath: 'Ethernet/IPv4',
      Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: '10.0.0.1', B: '10.0.0.2' }),
      Metric: createFlowMetric({ ABPackets: 1, ABBytes: 100, Start: 1_000, Last: 2_000 }),
    }),
  );
  encoder.add(list, [], NOTHING_LEFT_OUT);
  encoder.finish();
  return body!;
}

function sinkOf() {
  const taken: BatchBody[] = [];
  return { taken, sink: { add: (body: BatchBody) => void taken.push(body), countDropped: () => {} } };
}

test('sends what goes by, and the sink gets it first', async () => {
  const exporter = new IpfixExporter({ host: '127.0.0.1', port, domain: 3 }, log);
  const { taken, sink } = sinkOf();
  const beside = exporter.beside(sink);
  for (let batch = 0; batch < 4; batch++) beside.add(bodyOf(100));
  expect(taken).toHaveLength(4);
  await exporter.stop();
  expect(exporter.status.messages).toBeGreaterThan(20);
  await expect.poll(() => datagrams.length).toBe(exporter.status.messages);
  const templates = new TemplateCache();
  const records = datagrams.flatMap((one) => decodeNetflow9(one, 'p', templates, Date.now()).records);
  expect(records.filter(({ packets }) => packets === 1)).toHaveLength(400);
  expect(exporter.status).toMatchObject({ records: 400, messagesDropped: 0, error: '' });
  for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(limits.ipfixMessageBytes);
});

test('without a collector goes on, says so once, and the sink gets everything', async () => {
  const exporter = new IpfixExporter({ host: '127.0.0.1', port: 9, domain: 0 }, log);
  const { taken, sink } = sinkOf();
  const beside = exporter.beside(sink);
  for (let batch = 0; batch < 20; batch++) {
    beside.add(bodyOf(100));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => exporter.status.error).not.toBe('');
  await exporter.stop();
  expect(taken).toHaveLength(20);
  expect(said.length).toBeGreaterThan(0);
});

test('whose name nobody knows holds a bounded amount and counts what it drops', async () => {
  const exporter = new IpfixExporter({ host: 'no-such-collector.invalid', port, domain: 0 }, log);
  const { sink } = sinkOf();
  const beside = exporter.beside(sink);
  const body = bodyOf(1_000);
  for (let batch = 0; batch < 60; batch++) beside.add(body);
  const { messagesDropped, bytesDropped, bytesWaiting } = exporter.status;
  expect(messagesDropped).toBeGreaterThan(0);
  expect(bytesDropped).toBeGreaterThan(0);
  expect(bytesWaiting).toBeGreaterThan(limits.ipfixQueueBytesMax / 2);
  expect(bytesWaiting).toBeLessThanOrEqual(limits.ipfixQueueBytesMax);
  await expect.poll(() => said).not.toEqual([]);
  await exporter.stop();
  expect(said[0]).toMatch(/^no-such-collector\.invalid:\d+: /);
});
