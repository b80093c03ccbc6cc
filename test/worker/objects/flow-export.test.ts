/** Flows told to others: what they get, what happens while they are away, and that nothing is told twice or lost without a word. */
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { timings } from '../../../core/limits.ts';
import {
  createFlowLayer,
  createFlowMetric,
  createTransportLayer,
  FlowProtocol,
  type Flow,
} from '../../../proto/gen/flow.ts';
import { FlowExport, type ExportCounter } from '../../../worker/objects/flow-export.ts';
import { shardForHost } from '../../../worker/objects/stubs.ts';
import { ShardStore } from '../../../worker/store/shard-store.ts';
import { connectProbe, testFlow, type ProbeClient } from './socket-client.ts';

interface Got {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}
interface Log {
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
}

const shard = () => shardForHost(env, 'h1');
let probe: ProbeClient;
let sequence: number;

async function send(...flows: Flow[]): Promise<void> {
  probe.batch(++sequence, flows);
  await probe.acked(sequence);
}

const tcp = (uuid: string): Flow =>
  testFlow(uuid, {
    Application: 'HTTP',
    Network: createFlowLayer({ Protocol: FlowProtocol.IPV4, A: '10.0.0.1', B: '10.0.0.2' }),
    Transport: createTransportLayer({ Protocol: FlowProtocol.TCP, A: 40_000, B: 80 }),
    LastUpdateMetric: createFlowMetric({ ABPackets: 2, ABBytes: 300 }),
  });

/** An exporter on the shard's own log, whose receiver answers as it is told. */
async function exporting(
  variables: Readonly<Record<string, string>>,
  answer: (got: Got, nth: number) => Response,
  work: (exporter: FlowExport, seen: { got: Got[]; counts: Map<ExportCounter, number> }) => Promise<void>,
): Promise<void> {
  await runInDurableObject(shard(), async (_object, state) => {
    const got: Got[] = [];
    const counts = new Map<ExportCounter, number>();
    const receiver = {
      fetch: async (request: Request) => {
        const one = { url: request.url, headers: request.headers, body: await request.json() };
        got.push(one);
        return answer(one, got.length);
      },
    };
    const exporter = new FlowExport({
      env: { ...env, ...variables, EDGEDIVE_EXPORTS: receiver } as unknown as Env,
      store: new ShardStore(state.storage),
      count: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
      waitUntil: (promise) => state.waitUntil(promise),
    });
    await work(exporter, { got, counts });
  });
}

const OTLP = { EDGEDIVE_OTLP: 'http://collector:4318/', EDGEDIVE_OTLP_HEADERS: 'x-key=a%2Cb, x-other=2' };
const KAFKA = { EDGEDIVE_KAFKA: 'http://proxy:8082/topics/flows' };
const ok = (): Response => Response.json({});
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 5 * timings.exportEveryMs });
const logsOf = ({ body }: Got): Log[] =>
  (body as { resourceLogs: { scopeLogs: { logRecords: Log[] }[] }[] }).resourceLogs[0]!.scopeLogs[0]!
    .logRecords;
const idsOf = (got: Got): string[] =>
  logsOf(got).map(({ attributes }) => attributes.find(({ key }) => key === 'flow.id')!.value['stringValue']!);

beforeEach(async () => {
  await reset();
  probe = await connectProbe('flow', 'h1');
  sequence = 0;
  // The first start of an exporter: from here on.
  await exporting({ ...OTLP, ...KAFKA }, ok, async () => {});
});

describe('a collector of OTLP', () => {
  test('gets each flow message as a log record, once, with its headers', async () => {
    await send(tcp('a'), tcp('b'));
    await exporting(OTLP, ok, async (exporter, { got, counts }) => {
      exporter.wake();
      exporter.wake();
      await soon(() => counts.get('exportedFlows')).toBe(2);
      expect(got).toHaveLength(1);
      expect(got[0]!.url).toBe('http://collector:4318/v1/logs');
      expect([got[0]!.headers.get('x-key'), got[0]!.headers.get('x-other')]).toEqual(['a,b', '2']);
      const [first] = logsOf(got[0]!);
      const told = Object.fromEntries(
        first!.attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
      );
      expect(told).toMatchObject({
        'source.address': '10.0.0.1',
        'destination.address': '10.0.0.2',
        'source.port': '40000',
        'destination.port': '80',
        'network.transport': 'tcp',
        'network.type': 'ipv4',
        'network.protocol.name': 'http',
        'host.name': 'h1',
        'flow.id': 'a',
        'flow.ab.packets': '2',
        'flow.ab.bytes': '300',
        'flow.ba.bytes': '0',
      });
    });
  });

  test('that is away gets what it missed, in order, also after a crash', async () => {
    await send(tcp('a'));
    await exporting(
      OTLP,
      () => new Response('later', { status: 503 }),
      async (exporter, { counts }) => {
        exporter.wake();
        await soon(() => counts.get('exportFailures')).toBeGreaterThan(0);
        expect(exporter.status()[0]).toMatchObject({ to: 'otlp', error: 'answered 503' });
        expect(exporter.status()[0]!.waitingRows).toBeGreaterThan(0);
      },
    );
    await abortAllDurableObjects();
    probe = await connectProbe('flow', 'h1', 'two');
    sequence = 0;
    await send(tcp('b'));
    await exporting(OTLP, ok, async (exporter, { got, counts }) => {
      exporter.wake();
      await soon(() => counts.get('exportedFlows')).toBe(2);
      expect(got.flatMap(idsOf)).toEqual(['a', 'b']);
      expect(exporter.status()).toEqual([{ to: 'otlp', waitingRows: 0, error: '' }]);
    });
    await exporting(OTLP, ok, async (exporter, { got }) => {
      exporter.wake();
      await scheduler.wait(timings.exportEveryMs + 100);
      expect(got).toEqual([]);
    });
  });

  test('that refuses is not asked again, and what it refuses is counted', async () => {
    await send(tcp('a'), tcp('b'));
    await exporting(
      OTLP,
      () => new Response('no such thing', { status: 400 }),
      async (exporter, { got, counts }) => {
        exporter.wake();
        await soon(() => counts.get('exportFlowsRefused')).toBe(2);
        expect(got).toHaveLength(1);
        expect(exporter.status()[0]).toMatchObject({ waitingRows: 0, error: 'answered 400: no such thing' });
      },
    );
  });

  test('that takes only some is counted as it says', async () => {
    await send(tcp('a'), tcp('b'), tcp('c'));
    const partly = () => Response.json({ partialSuccess: { rejectedLogRecords: '2', errorMessage: 'full' } });
    await exporting(OTLP, partly, async (exporter, { counts }) => {
      exporter.wake();
      await soon(() => counts.get('exportFlowsRefused')).toBe(2);
      expect(counts.get('exportedFlows')).toBe(1);
    });
  });
});

test('rows that are gone before they were told are counted', async () => {
  await send(tcp('a'));
  await send(tcp('b'));
  await runInDurableObject(shard(), (_object, state) => {
    state.storage.sql.exec('DELETE FROM log WHERE row < (SELECT max(row) FROM log)');
  });
  await exporting(OTLP, ok, async (exporter, { got, counts }) => {
    exporter.wake();
    await soon(() => counts.get('exportedFlows')).toBe(1);
    expect(got.flatMap(idsOf)).toEqual(['b']);
    expect(counts.get('exportRowsLost')).toBe(1);
  });
});

test('a topic of Kafka gets flows as the API spells them, by their id; errors of single records are counted', async () => {
  await send(tcp('a'), tcp('b'));
  const answer = () =>
    Response.json({
      offsets: [
        { partition: 0, offset: 1 },
        { error_code: 2, error: 'no leader' },
      ],
    });
  await exporting(KAFKA, answer, async (exporter, { got, counts }) => {
    exporter.wake();
    await soon(() => counts.get('exportedFlows')).toBe(1);
    expect(counts.get('exportFlowsRefused')).toBe(1);
    expect(got[0]!.url).toBe(KAFKA.EDGEDIVE_KAFKA);
    expect(got[0]!.headers.get('Content-Type')).toBe('application/vnd.kafka.json.v2+json');
    expect(got[0]!.body).toMatchObject({
      records: [
        { key: 'a', value: { UUID: 'a', Application: 'HTTP', Network: { A: '10.0.0.1' } } },
        { key: 'b', value: { UUID: 'b' } },
      ],
    });
  });
});

test('settings that are none tell nobody, and are told', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  await exporting(
    { EDGEDIVE_OTLP: 'collector', EDGEDIVE_KAFKA: 'http://u:p@proxy/' },
    ok,
    async (exporter) => {
      expect(exporter.status()).toEqual([]);
    },
  );
  const said = error.mock.calls.map(([line]) => String(line)).join('\n');
  expect(said).toMatch(/EDGEDIVE_OTLP: not an http or https URL/);
  expect(said).toMatch(/EDGEDIVE_KAFKA: credentials go into the headers/);
  expect(said).not.toContain('u:p');
});
