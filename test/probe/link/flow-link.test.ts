/** The flow link on real sockets, against an analyzer that dies, forgets, refuses and stays silent. */
import { afterEach, describe, expect, it } from 'vitest';
import { createFlow } from '../../../proto/gen/flow.ts';
import { BatchEncoder, NOTHING_LEFT_OUT, type BatchBody } from '../../../core/wire/batch-encoder.ts';
import { Backoff } from '../../../probe/link/backoff.ts';
import { FlowLink, type Pace } from '../../../probe/link/flow-link.ts';
import { Outbox } from '../../../probe/link/outbox.ts';
import { createLog } from '../../../probe/log.ts';
import { FakeAnalyzer, until } from './fake-analyzer.ts';

const PATH = '/ws/probe/flow';
let nextPort = 18_400;
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function bodyOf(...ids: readonly number[]): BatchBody {
  let made: BatchBody | undefined;
  const encoder = new BatchEncoder((body) => (made = body));
  const flows = ids.map((id) => createFlow({ UUID: String(id), LayersPath: 'Ethernet/IPv4/UDP' }));
  encoder.add(flows, [], NOTHING_LEFT_OUT);
  encoder.finish();
  return made!;
}

async function analyzerOf(): Promise<FakeAnalyzer> {
  const analyzer = await new FakeAnalyzer(nextPort++).start();
  cleanups.push(() => analyzer.kill());
  return analyzer;
}

interface Made {
  readonly link: FlowLink;
  readonly paces: Pace[];
  readonly lines: string[];
}

function linkTo(
  analyzer: FakeAnalyzer,
  options: {
    flush?: (link: FlowLink) => Promise<void>;
    outbox?: Outbox;
    token?: string;
    backoff?: Backoff;
  } = {},
): Made {
  const paces: Pace[] = [];
  const lines: string[] = [];
  const link: FlowLink = new FlowLink({
    analyzer: analyzer.url,
    identity: { hostId: 'h1', incarnation: `run-${analyzer.port}`, version: '1.2.3', token: options.token },
    log: createLog('flows', (line) => lines.push(line)),
    outbox: options.outbox ?? new Outbox({ paceMs: 0, flowsPerBatchMax: 10 }),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    flush: () => options.flush?.(link) ?? Promise.resolve(),
    onPace: (pace) => paces.push(pace),
  });
  cleanups.push(() => link.stop('test over', 0));
  link.start();
  return { link, paces, lines };
}

describe('FlowLink', () => {
  it('says who it is in headers and Hello', async () => {
    const analyzer = await analyzerOf();
    linkTo(analyzer, { token: 'secret' });
    await until('hello', () => analyzer.socket(PATH)?.hello !== undefined);
    const { headers, hello } = analyzer.socket(PATH)!;
    expect(headers).toMatchObject({
      'x-host-id': 'h1',
      'x-client-type': 'probe',
      authorization: 'Bearer secret',
    });
    expect(hello).toMatchObject({
      major: 1,
      host_id: 'h1',
      incarnation: `run-${analyzer.port}`,
      version: '1.2.3',
    });
    expect(Math.abs(hello!.clock - Date.now())).toBeLessThan(5_000);
  });

  it('delivers every flow exactly once though the analyzer dies again and again', async () => {
    const analyzer = await analyzerOf();
    const { link } = linkTo(analyzer, { backoff: new Backoff(Math.random, 0.01) });
    let seed = 7;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    let deaths = 0;
    // Some batches are lost before they are durable, of others only the acknowledgement.
    analyzer.accept = () => {
      if (random() > 0.12 || deaths > 12) return true;
      deaths++;
      return false;
    };
    const total = 3_000;
    for (let id = 0; id < total; id += 10) {
      link.add(bodyOf(...Array.from({ length: 10 }, (_, index) => id + index + 1)));
      if (random() < 0.05) {
        analyzer.acknowledges = !analyzer.acknowledges;
        if (random() < 0.5) analyzer.socket(PATH)?.ws.terminate();
      }
      if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    analyzer.acknowledges = true;
    analyzer.socket(PATH)?.ws.terminate();
    await until('everything acknowledged', () => link.status.queuedBytes === 0, 30_000);
    expect(analyzer.flowIds()).toEqual(Array.from({ length: total }, (_, index) => String(index + 1)));
    expect(analyzer.gaps).toBe(0);
    expect(deaths).toBeGreaterThan(3);
    expect(link.status).toMatchObject({ flowsDropped: 0, flowsSent: total });
  }, 40_000);

  it('is back within two seconds of the restart of a killed analyzer, and holds updates back meanwhile', async () => {
    const analyzer = await analyzerOf();
    const { link, paces } = linkTo(analyzer);
    await until('connected', () => link.status.connected);
    expect(paces.at(-1)?.hold).toBe(false);
    await analyzer.kill();
    await until('noticed', () => !link.status.connected);
    expect(paces.at(-1)?.hold).toBe(true);
    link.add(bodyOf(1, 2));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await analyzer.start();
    await until('back', () => link.status.connected, 2_000);
    expect(paces.at(-1)?.hold).toBe(false);
    await until('delivered', () => analyzer.flowIds().length === 2);
  });

  it('keeps to the number of unacknowledged batches that the analyzer allows', async () => {
    const analyzer = await analyzerOf();
    analyzer.batchesInFlightMax = 3;
    analyzer.acknowledges = false;
    const { link } = linkTo(analyzer);
    await until('connected', () => link.status.connected);
    for (let id = 0; id < 10; id++) link.add(bodyOf(...Array.from({ length: 10 }, (_, i) => id * 10 + i)));
    await until('three batches', () => analyzer.durable.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(analyzer.durable).toHaveLength(3);
    analyzer.acknowledges = true;
    analyzer.send(PATH, { ack: { sequence: 3 } });
    await until('the rest', () => analyzer.durable.length === 10);
  });

  it('answers a flush behind the batches that it made', async () => {
    const analyzer = await analyzerOf();
    const { link } = linkTo(analyzer, {
      outbox: new Outbox({ paceMs: 10_000 }),
      flush: async (to) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        to.add(bodyOf(2));
      },
    });
    await until('connected', () => link.status.connected);
    link.add(bodyOf(0));
    link.add(bodyOf(1));
    analyzer.send(PATH, { flush: { id: 42 } });
    const received = () => analyzer.socket(PATH)!.received;
    await until('flush done', () => received().at(-1)?.kind === 'flushDone');
    expect(received().at(-1)).toEqual({ kind: 'flushDone', id: 42 });
    expect(analyzer.flowIds()).toEqual(['0', '1', '2']);
  });

  it('obeys a slow-down', async () => {
    const analyzer = await analyzerOf();
    const { link, paces } = linkTo(analyzer);
    await until('connected', () => link.status.connected);
    analyzer.send(PATH, { slow_down: { update_interval: 30_000, detail: 2, sampling: 1 } });
    await until('obeyed', () => paces.at(-1)?.updateMs === 30_000);
    expect(paces.at(-1)).toEqual({ hold: false, updateMs: 30_000, detail: 2, sampling: 1 });
  });

  it('holds updates back while more than the bound waits for an analyzer that does not acknowledge', async () => {
    const analyzer = await analyzerOf();
    analyzer.acknowledges = false;
    const { link, paces } = linkTo(analyzer);
    await until('connected', () => link.status.connected);
    const big: BatchBody = { bytes: bodyOf(1).bytes, flows: 1 };
    const filler = createFlow({ UUID: 'filler', LayersPath: 'x'.repeat(1_000_000) });
    let bulky = big;
    const encoder = new BatchEncoder((body) => (bulky = body));
    encoder.add([filler], [], NOTHING_LEFT_OUT);
    encoder.finish();
    for (let count = 0; count < 20; count++) link.add(bulky);
    expect(paces.at(-1)?.hold).toBe(true);
    await until('sent', () => analyzer.durable.length >= 10);
    analyzer.acknowledges = true;
    analyzer.send(PATH, { ack: { sequence: analyzer.durable.length } });
    await until('let go', () => paces.at(-1)?.hold === false);
  });

  it('says a refusal once with its reason and does not hurry', async () => {
    const analyzer = await analyzerOf();
    analyzer.refuseWith = 401;
    const { link, lines } = linkTo(analyzer);
    await until('refused', () => lines.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error flows: .*HTTP 401 because; refused, next attempt in \d+ s\n$/);
    expect(link.status).toMatchObject({ connected: false, failures: 1 });
  });

  it.each([
    [4_001, 'version'],
    [4_003, 'another probe has this host id'],
    [1_008, 'policy'],
  ])('does not hurry after a close with %i', async (code, reason) => {
    const analyzer = await analyzerOf();
    analyzer.welcomes = false;
    const { lines } = linkTo(analyzer);
    await until('hello', () => analyzer.socket(PATH)?.hello !== undefined);
    analyzer.socket(PATH)!.ws.close(code, reason);
    await until('told', () => lines.length > 0);
    expect(lines.join('')).toContain(`closed with ${code} ${reason}; refused`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(analyzer.sockets).toHaveLength(1);
  });

  it('refuses an analyzer of another major version', async () => {
    const analyzer = await analyzerOf();
    analyzer.welcomes = false;
    const { lines, link } = linkTo(analyzer);
    await until('hello', () => analyzer.socket(PATH)?.hello !== undefined);
    const welcome = {
      major: 2,
      minor: 0,
      host_id: 'a',
      clock: 0,
      last_sequence: 0,
      batches_in_flight_max: 0,
    };
    analyzer.send(PATH, { welcome });
    await until('told', () => lines.length > 0);
    expect(lines.join('')).toContain('the analyzer speaks protocol 2, this probe 1');
    expect(link.status.connected).toBe(false);
  });

  it('connects again after bytes that are no message', async () => {
    const analyzer = await analyzerOf();
    const { link } = linkTo(analyzer);
    await until('connected', () => link.status.connected);
    analyzer.socket(PATH)!.ws.send(Buffer.from([0xff, 0xff, 0xff]));
    await until('again', () => link.status.connects === 2);
  });

  it('at its end waits for the acknowledgement of the last flows and says goodbye', async () => {
    const analyzer = await analyzerOf();
    const { link } = linkTo(analyzer, { outbox: new Outbox({ paceMs: 10_000 }) });
    await until('connected', () => link.status.connected);
    link.add(bodyOf(1));
    link.add(bodyOf(2));
    await link.stop('SIGTERM', 1_000);
    expect(analyzer.flowIds()).toEqual(['1', '2']);
    await until('goodbye', () => analyzer.socket(PATH)!.received.at(-1)?.kind === 'goodbye');
    expect(analyzer.socket(PATH)!.received.at(-1)).toEqual({ kind: 'goodbye', reason: 'SIGTERM' });
  });
});
