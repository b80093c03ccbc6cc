/** Flow updates in Parquet and back: nothing is lost, in the order of the log. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { archiveOf, logRowsOf, type Gzip, type LogRow } from '../../../core/archive/archive-file.ts';
import { archiveName } from '../../../core/archive/archive-name.ts';
import { eachStoredFlow } from '../../../core/flow/stored-flows.ts';
import { analyzerFrame } from '../../../core/wire/probe-frames.ts';
import {
  createDNS,
  createFlow,
  createFlowLayer,
  createFlowMetric,
  createRawPacket,
  createTransportLayer,
  FlowProtocol,
  decodeFlow,
  encodeFlow,
  type Flow,
} from '../../../proto/gen/flow.ts';
import { createFlowBatch } from '../../../proto/gen/probe.ts';
import { encodeLogRow } from '../../../proto/gen/shard.ts';

const gzip: Gzip = {
  compress: (bytes) => gzipSync(bytes),
  decompress: (bytes) => gunzipSync(bytes),
};

function flow(index: number): Flow {
  return createFlow({
    UUID: index.toString(16).padStart(16, '0'),
    LayersPath: 'Ethernet/IPv4/UDP/DNS',
    Application: 'DNS',
    NodeTID: 'tid',
    CaptureID: `c${index % 2}`,
    Start: 1_795_440_353_065,
    Last: 1_795_440_353_065 + index,
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: '10.0.0.1', B: `10.0.0.${index % 200}` }),
    Transport: createTransportLayer({ Protocol: FlowProtocol.UDP, A: 40_000 + index, B: 53 }),
    Metric: createFlowMetric({ ABPackets: 2 * index, ABBytes: 1e12 + index, Start: 5, Last: 6, RTT: -1 }),
    LastUpdateMetric: createFlowMetric({ ABPackets: index, BABytes: 7 }),
    DNS: createDNS({ ID: index }),
    LastRawPackets: index === 3 ? [createRawPacket({ Data: Uint8Array.of(1, 2, 3) })] : [],
  });
}

function row(number: number, entries: readonly (readonly [host: string, flows: readonly Flow[]])[]): LogRow {
  const blob = encodeLogRow({
    entries: entries.map(([host, flows]) => ({
      host,
      incarnation: 'i',
      frame: analyzerFrame({ flows: createFlowBatch({ sequence: 1, flows: [...flows] }) }),
    })),
  }).finish();
  return { row: number, atMs: 1_795_440_353_000 + number, blob };
}

/** Host and flow of each message, as a search of the log meets them. */
function met(blobs: readonly Uint8Array[]): [host: string, flow: Flow][] {
  const all: [string, Flow][] = [];
  for (const blob of blobs)
    eachStoredFlow(
      blob,
      () => true,
      ({ host, bytes }) => all.push([host, decodeFlow(bytes)]),
    );
  return all;
}

const rows = [
  row(7, [
    ['h1', [flow(1), flow(2)]],
    ['h2', [flow(3)]],
    ['h1', [flow(4)]],
  ]),
  row(8, [['h1', [{ ...flow(1), Last: 1_795_440_360_000 }]]]),
  row(9, []),
  row(10, [['pcap:x', [{ ...flow(5), LastUpdateMetric: undefined }]]]),
];

describe('an archived file', () => {
  test('gives back what the log had, of each flow the newest first', async () => {
    const file = archiveOf(rows, gzip)!;
    const back: Uint8Array[] = [];
    for await (const blob of logRowsOf(file, gzip)) back.push(blob);
    const byFlow = (all: readonly [string, Flow][]): Record<string, Flow[]> => {
      const flows: Record<string, Flow[]> = {};
      for (const [host, each] of all) (flows[`${host} ${each.UUID}`] ??= []).push(each);
      return flows;
    };
    expect(byFlow(met(back))).toEqual(byFlow(met(rows.map(({ blob }) => blob).toReversed())));
  });

  test('has columns whose sums are those of the updates', async () => {
    const file = archiveOf(rows, gzip)!;
    const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
    const read = await parquetReadObjects({
      file: buffer,
      utf8: false,
      compressors: { GZIP: (bytes) => gzip.decompress(bytes) },
    });
    expect(read.map((one) => one['Update_ABPackets'])).toEqual([1n, 1n, 2n, 4n, 3n, 10n]);
    expect(read[4]).toMatchObject({
      At: 1_795_440_353_007n,
      Host: 'h2',
      Row: 7n,
      UUID: '0000000000000003',
      Network_Protocol: 'IPV4',
      Network_A: '10.0.0.1',
      Transport_B: 53,
      Metric_ABBytes: 1_000_000_000_003n,
      Metric_RTT: -1n,
      Update_BABytes: 7n,
    });
    expect([...(read[4]!['Message'] as Uint8Array)]).toEqual([...encodeFlow(flow(3)).finish()]);
  });

  test('of more updates than one group is read group by group', async () => {
    const many = [row(1, [['h1', Array.from({ length: 45_000 }, (_, index) => flow(index))]])];
    const back: Uint8Array[] = [];
    for await (const blob of logRowsOf(archiveOf(many, gzip)!, gzip)) back.push(blob);
    expect(back.length).toBe(3);
    const uuids = met(back).map(([, { UUID }]) => Number.parseInt(UUID, 16));
    expect(uuids).toEqual(Array.from({ length: 45_000 }, (_, index) => 44_999 - index));
  });

  test('is none when there are no updates, and nothing else is taken for one', async () => {
    expect(archiveOf([row(9, [])], gzip)).toBeUndefined();
    await expect(logRowsOf(new Uint8Array(100), gzip).next()).rejects.toThrow();
    expect(() => archiveOf([{ row: 1, atMs: 1, blob: Uint8Array.of(255, 255) }], gzip)).toThrow();
  });
});

test('names sort as the log does, and say what a reader of partitions expects', () => {
  const name = (firstRow: number) =>
    archiveName({
      fabric: 'a/b',
      shard: 3,
      atMs: Date.UTC(2026, 10, 27, 5, 59),
      firstRow,
      lastRow: firstRow + 5,
    });
  expect(name(9)).toBe(
    'fabric=a%2Fb/shard=3/date=2026-11-27/hour=05/flows-000000000009-000000000014.parquet',
  );
  expect([name(100), name(9)].sort()).toEqual([name(9), name(100)]);
});
