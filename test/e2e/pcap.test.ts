/**
 * Capture files through the whole: sent to `POST /api/pcap`, read by `npm run probe -- --pcap`, and raw packets out
 * again. What `G.Flows()` then shows is held against the recorded flows, by the rules for the library call.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pcapHeader, pcapRecord } from '../../core/packet/pcap-file.ts';
import {
  flowsOf,
  linkTypeOf,
  optionsOf,
  readCapture,
  type FlowCase,
  type Json,
  type RecordedRun,
} from '../conformance/flows-case.ts';
import { judge } from '../conformance/flows-judge.ts';
import { startEdgedive, workerdOf, type Analyzer } from './harness/edgedive.ts';
import { root, Running } from './harness/process.ts';

const here = (path: string): string => join(root, path);
const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const unless = (there: boolean, text: string): boolean => {
  if (!there) console.warn(`not tested: ${text}`);
  return !there;
};

interface Captures {
  readonly pcapDir: string;
  readonly cases: readonly FlowCase[];
}
function capturesOf(casesFile: string, pcapDir: string): Captures {
  const { cases } = JSON.parse(readFileSync(casesFile, 'utf8')) as { cases: FlowCase[] };
  return { pcapDir, cases: cases.filter(({ pcap }) => existsSync(join(pcapDir, pcap))) };
}
const shared = here('../shared');
const hasShared = existsSync(join(shared, 'pcap'));
/** All captures when those of the reference's own tests are at hand, else the generated ones. */
const captures = hasShared
  ? capturesOf(join(shared, 'conformance/flow-cases.json'), join(shared, 'pcap'))
  : capturesOf(here('test/conformance/data/flow-cases.json'), here('test/pcap'));
unless(hasShared, `captures of the reference's own tests, which are not in ${shared}`);

const PARAMETERS: ReadonlySet<string> = new Set([
  'LayerKeyMode',
  'ExtraTCPMetric',
  'IPDefrag',
  'ReassembleTCP',
  'ExtraLayers',
]);

/** Parameters of an upload for a run's options; undefined when a run needs what uploads have not. */
function parametersOf(flowCase: FlowCase, run: RecordedRun): string | undefined {
  if (Object.keys(run.options).some((name) => !PARAMETERS.has(name))) return undefined;
  const packets = readCapture(join(captures.pcapDir, flowCase.pcap));
  const linkType = linkTypeOf(flowCase, packets);
  const { extraLayers } = optionsOf(run.options, linkType);
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(run.options)) parameters.set(name, String(value));
  if (extraLayers !== undefined) parameters.set('ExtraLayers', String(extraLayers));
  if (linkType !== packets[0]?.linkType) parameters.set('LinkType', String(linkType));
  return parameters.toString();
}

const uuidsOf = (flows: readonly Json[]): Set<unknown> => new Set(flows.map(({ UUID }) => UUID));

const areJoint = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean =>
  [...a].some((uuid) => b.has(uuid));

/** UUIDs that the library call gives. */
function libraryUuids(flowCase: FlowCase, options: Json): Set<unknown> {
  const packets = readCapture(join(captures.pcapDir, flowCase.pcap));
  return uuidsOf(flowsOf(packets, optionsOf(options, linkTypeOf(flowCase, packets))));
}

/** Judges what the analyzer shows: the file's flows, and any that nobody could know before. */
function judgeShown(
  flowCase: FlowCase,
  run: RecordedRun,
  shown: readonly Json[],
  before: ReadonlySet<unknown>,
): unknown {
  const own = libraryUuids(flowCase, run.options);
  const flows = shown.filter(({ UUID }) => own.has(UUID) || !before.has(UUID));
  const verdict = judge(flowCase, run, captures.pcapDir, () => flows);
  return verdict.kind === 'failed' ? verdict : 'as recorded, or by a known rule';
}
const AS_RECORDED = 'as recorded, or by a known rule';

async function upload(analyzer: Analyzer, body: Uint8Array | ReadableStream<Uint8Array>, parameters = '') {
  const answer = await analyzer.fetch(`/api/pcap?${parameters}`, {
    method: 'POST',
    body,
    duplex: 'half',
  });
  return { status: answer.status, counts: (await answer.json()) as { packets: number; truncated: boolean } };
}

const allFlows = (analyzer: Analyzer): Promise<Json[]> => analyzer.query<Json[]>('G.Flows()');

let directory: string;
let uploads: Analyzer;
let readByProbe: Analyzer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'edgedive-pcap-'));
  // A second --state takes the place of the harness' own, so that workerd can be found.
  uploads = await startEdgedive({ probe: false, args: ['--state', join(directory, 'state')] });
  readByProbe = await startEdgedive({ probe: false });
});

afterAll(async () => {
  await uploads?.stop();
  await readByProbe?.stop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

describe('POST /api/pcap', () => {
  const runs = captures.cases.flatMap((flowCase) =>
    (flowCase.recorded ?? [])
      .map((run) => ({
        title: `${flowCase.pcap} ${run.run}`,
        flowCase,
        run,
        parameters: parametersOf(flowCase, run),
      }))
      .filter(({ parameters }) => parameters !== undefined),
  );

  it('covers every capture with its default run', () => {
    const covered = new Set(runs.filter(({ run }) => run.run === 'l2').map(({ flowCase }) => flowCase.pcap));
    const wanted = captures.cases.filter(({ recorded }) => recorded?.some(({ run }) => run === 'l2'));
    expect(covered.size).toBe(wanted.length);
    expect(covered.size).toBeGreaterThan(20);
  });

  it.each(runs)('gives the recorded flows of $title', async ({ flowCase, run, parameters }) => {
    const before = uuidsOf(await allFlows(uploads));
    const file = readFileSync(join(captures.pcapDir, flowCase.pcap));
    expect((await upload(uploads, file, parameters)).status).toBe(202);
    expect(judgeShown(flowCase, run, await allFlows(uploads), before)).toEqual(AS_RECORDED);
  });
});

/** The packets of a small file written again in other ways: all must give the same flows. */
describe('every way to write a capture file', () => {
  const packets = readCapture(here('test/pcap/gre-two-udp.pcap'));
  const original = readFileSync(here('test/pcap/gre-two-udp.pcap'));

  /** Classic pcap in big-endian, or with nanoseconds. */
  function written(littleEndian: boolean, nanoseconds: boolean): Uint8Array {
    const header = Buffer.from(pcapHeader(1, 65_535, nanoseconds));
    const records = packets.map((packet) => Buffer.from(pcapRecord(packet, nanoseconds)));
    if (!littleEndian) {
      header.subarray(0, 4).swap32();
      header.subarray(4, 8).swap16();
      header.subarray(8, 24).swap32();
      for (const record of records) record.subarray(0, 16).swap32();
    }
    return Buffer.concat([header, ...records]);
  }

  function converted(format: string): Uint8Array {
    const out = join(directory, `converted.${format}`);
    const { status, stderr } = spawnSync('editcap', ['-F', format, here('test/pcap/gre-two-udp.pcap'), out]);
    if (status !== 0) throw new Error(String(stderr));
    return readFileSync(out);
  }

  async function flowsFrom(file: Uint8Array): Promise<Json[]> {
    const analyzerFlows = await allFlows(uploads);
    const { status, counts } = await upload(uploads, file);
    expect([status, counts.packets, counts.truncated]).toEqual([202, packets.length, false]);
    // All of it replaced what was there.
    expect(await allFlows(uploads)).toHaveLength(analyzerFlows.length);
    const own = uuidsOf(flowsOf(packets, { nodeTid: '', captureId: '' }));
    return (await allFlows(uploads))
      .filter(({ UUID }) => own.has(UUID))
      .sort((a, b) => String(a['UUID']).localeCompare(String(b['UUID'])));
  }

  it.each([
    ['big-endian', () => written(false, false)],
    ['nanoseconds', () => written(true, true)],
    ['big-endian and nanoseconds', () => written(false, true)],
    ['gzip', () => gzipSync(original)],
    ['gzip of nanoseconds', () => gzipSync(written(true, true))],
  ])('%s', async (_way, file) => {
    await upload(uploads, original);
    const expected = await flowsFrom(original);
    expect(expected).toHaveLength(4);
    expect(await flowsFrom(file())).toEqual(expected);
  });

  it
    .skipIf(unless(has('editcap'), 'files written by editcap, which is not installed'))
    .each(['pcapng', 'nsecpcap'])('%s by editcap', async (format) => {
    await upload(uploads, original);
    expect(await flowsFrom(converted(format))).toEqual(await flowsFrom(original));
  });
});

describe('a large upload', () => {
  /** The peak of the analyzer's memory. Bytes. */
  function peak(): number {
    const status = readFileSync(`/proc/${workerdOf(join(directory, 'state'))}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
  }

  it('takes no more memory than a small one', async () => {
    const record = pcapRecord({ ...readCapture(here('test/pcap/sctp.pcap'))[0]!, timeMs: 1_700_000_000_000 });
    const perPiece = Math.floor(1_048_576 / record.length);
    const piece = Buffer.concat(Array.from({ length: perPiece }, () => record));
    const pieces = 400;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(pcapHeader(1)),
      pull(controller) {
        if (sent++ < pieces) controller.enqueue(new Uint8Array(piece));
        else controller.close();
      },
    });
    await upload(uploads, Buffer.concat([pcapHeader(1), piece]));
    const before = peak();
    const { status, counts } = await upload(uploads, body);
    expect([status, counts.packets]).toEqual([202, pieces * perPiece]);
    expect(peak() - before).toBeLessThan(pieces * 1_048_576 * 0.4);
  });
});

/** Runs the probe over files; the exit status and all it printed. */
async function probe(
  analyzer: string,
  files: readonly string[],
): Promise<{ status: unknown; output: string }> {
  const running = Running.task('probe', ['--analyzer', analyzer, '--pcap', ...files]);
  const status = await running.end(60_000);
  return { status, output: `${running.stdout}${running.stderr}` };
}

describe('npm run probe -- --pcap', () => {
  const L2 = 'l2';
  const cases = captures.cases.flatMap((flowCase) => {
    const run = flowCase.recorded?.find((one) => one.run === L2);
    // The probe believes what a file says its packets begin with.
    if (run === undefined || parametersOf(flowCase, run)?.includes('LinkType') !== false) return [];
    return [{ flowCase, run, uuids: libraryUuids(flowCase, run.options) }];
  });

  /** Rounds of files that have no flow in common, because the last file read decides what is shown. */
  function rounds(): (typeof cases)[] {
    const made: (typeof cases)[] = [];
    for (const entry of cases) {
      const round = made.find((others) => others.every(({ uuids }) => !areJoint(uuids, entry.uuids)));
      if (round === undefined) made.push([entry]);
      else round.push(entry);
    }
    return made;
  }

  it('gives the recorded flows of every capture, and they stay when the probe has ended', async () => {
    expect(cases.length).toBeGreaterThan(20);
    const known = new Set<unknown>();
    for (const { uuids } of cases) for (const uuid of uuids) known.add(uuid);
    for (const round of rounds()) {
      const files = round.map(({ flowCase }) => join(captures.pcapDir, flowCase.pcap));
      const { status, output } = await probe(readByProbe.url, files);
      expect(status, output).toBe(0);
      const shown = await allFlows(readByProbe);
      for (const { flowCase, run } of round)
        expect([flowCase.pcap, judgeShown(flowCase, run, shown, known)]).toEqual([
          flowCase.pcap,
          AS_RECORDED,
        ]);
    }
  });

  it('prints a line for each file, reads the good ones among bad ones, and then ends with 1', async () => {
    const file = here('test/pcap/sctp.pcap');
    const packed = join(directory, 'packed.pcap.gz');
    writeFileSync(packed, gzipSync(readFileSync(file)));
    const cut = join(directory, 'cut.pcap');
    writeFileSync(cut, readFileSync(file).subarray(0, -1));
    const text = join(directory, 'text.pcap');
    writeFileSync(text, 'hello world, this is not a pcap file');
    const missing = join(directory, 'missing.pcap');

    const good = await probe(readByProbe.url, [file, packed, cut]);
    expect(good.output).toContain(`${file}: 3 packets, 1 flows, 274 bytes in `);
    expect(good.output).toContain(`${packed}: 3 packets, 1 flows, 274 bytes in `);
    expect(good.output).toContain(`${file}: 3 packets, 1 flows, 274 bytes in `);
    expect(good.output).toContain(`${packed}: 3 packets, 1 flows, 274 bytes in `);
    expect(good.output).toContain(`${cut}: the file ends inside a packet`);
    // No terminal, no bar.
    expect(good.output).not.toContain('\r');
    expect(good.status).toBe(0);

    const bad = await probe(readByProbe.url, [missing, text, directory, file]);
    expect(bad.output).toContain(`error pcap: ${missing}: ENOENT`);
    expect(bad.output).toContain(`error pcap: ${text}: Unknown magic 6c6c6568`);
    expect(bad.output).toContain(`error pcap: ${directory}: is a directory`);
    expect(bad.output).toContain(`${file}: 3 packets`);
    expect(bad.status).toBe(1);
  });

  it('delivers more flows than fit into a few batches without dropping one', async () => {
    const count = 30_000;
    const base = readCapture(here('test/pcap/gre-two-udp.pcap'))[0]!;
    const records = Array.from({ length: count }, (_, i) => {
      const bytes = base.bytes.slice();
      new DataView(bytes.buffer).setUint32(26, 0x0b00_0000 + i);
      return pcapRecord({ ...base, bytes, timeMs: base.timeMs + 3_600_000 });
    });
    const file = join(directory, 'many.pcap');
    writeFileSync(file, Buffer.concat([pcapHeader(1), ...records]));
    const { status, output } = await probe(readByProbe.url, [file]);
    expect(status, output).toBe(0);
    const outer = "G.Flows().Has('LayersPath', 'Ethernet/IPv4/GRE', 'Start', GT(1700003600000)).Count()";
    expect(await readByProbe.query(outer)).toBe(count);
  });
});

describe('raw packets out again', () => {
  const skip = unless(has('tshark'), 'capture files read by tshark, which is not installed');

  async function packetsOut(gremlin: string): Promise<string> {
    const answer = await uploads.fetch('/api/topology', {
      method: 'POST',
      headers: { Accept: 'application/vnd.tcpdump.pcap' },
      body: JSON.stringify({ GremlinQuery: gremlin }),
    });
    expect(answer.status).toBe(200);
    const file = join(directory, 'out.pcap');
    writeFileSync(file, new Uint8Array(await answer.arrayBuffer()));
    return file;
  }

  /** Time, protocols and addresses of each packet as tshark sees them, sorted. */
  function seen(file: string): string[] {
    const fields = [
      'frame.time_epoch',
      'frame.len',
      'frame.protocols',
      'ip.src',
      'udp.dstport',
      'tcp.dstport',
    ];
    const args = ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    // The reference keeps milliseconds of raw packets, so both are cut to them.
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^(\d+\.\d{3})\d*/, '$1'))
      .toSorted();
  }

  it.skipIf(skip).each(['icmpv4-kinds', 'pppoe', 'dns-records', 'tcp-rst-refused'])(
    'tshark sees the packets of %s as in the file that was sent',
    async (name) => {
      const file = here(`test/pcap/${name}.pcap`);
      await upload(uploads, readFileSync(file), 'RawPacketLimit=10');
      const uuids = [...uuidsOf(flowsOf(readCapture(file), { nodeTid: '', captureId: '' }))];
      const named = uuids.map((uuid) => `'${String(uuid)}'`).join(', ');
      expect(seen(await packetsOut(`G.Flows().Has('UUID', Within(${named})).RawPackets()`))).toEqual(
        seen(file),
      );
    },
  );

  it.skipIf(skip)('tshark reads packets of several link types', async () => {
    for (const name of ['raw-ip-dlt12', 'tcp-rst-refused'])
      await upload(uploads, readFileSync(here(`test/pcap/${name}.pcap`)), 'RawPacketLimit=10');
    const out = await packetsOut("G.Flows().Has('Application', 'TCP').RawPackets()");
    const protocols = seen(out).map((line) => line.split('\t')[2]);
    expect(protocols).toContain('ip:tcp');
    expect(protocols).toContain('eth:ethertype:ip:tcp');
  });
});
