/**
 * The main job on real traffic: two namespaces joined by a bridge, a capture by name, ten pings, and the same
 * flow in the query, in the published Python client's stream and in a protobuf subscriber's. Runs against the
 * analyzer as `npm start` starts it and against `wrangler dev`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStructMessage } from '../../proto/gen/envelope.ts';
import { analyzers, eventually, type Analyzer } from './harness/edgedive.ts';
import { createLab, skipUnlessRoot, type Lab } from './harness/lab.ts';
import { pythonWithSkydiveClient } from './harness/python.ts';
import { subscribe, type Subscriber } from './harness/subscriber.ts';

interface FlowJson {
  UUID: string;
  LayersPath: string;
  NodeTID: string;
  CaptureID: string;
  Metric: Counters;
  LastUpdateMetric?: Counters;
  Network: { A: string; B: string };
}
interface Counters {
  ABPackets: number;
  ABBytes: number;
  BAPackets: number;
  BABytes: number;
}

/** A ping of 56 bytes of data: 14 Ethernet + 20 IPv4 + 8 ICMP + 56. */
const PING_BYTES = 98;
const ICMP_FLOWS = "G.Flows().Has('LayersPath','Ethernet/IPv4/ICMPv4')";

const isIcmp = (flow: FlowJson) => flow.LayersPath === 'Ethernet/IPv4/ICMPv4';

function growth(flows: FlowJson[]): Counters {
  const sum = { ABPackets: 0, ABBytes: 0, BAPackets: 0, BABytes: 0 };
  for (const flow of flows.filter(isIcmp)) {
    const last = flow.LastUpdateMetric!;
    sum.ABPackets += last.ABPackets;
    sum.ABBytes += last.ABBytes;
    sum.BAPackets += last.BAPackets;
    sum.BABytes += last.BABytes;
  }
  return sum;
}

describe.skipIf(skipUnlessRoot()).each(analyzers)(
  'two namespaces joined by a bridge, on %s',
  (_name, start) => {
    let lab: Lab;
    let edgedive: Analyzer;

    beforeAll(async () => {
      lab = createLab('e2e');
      edgedive = await start();
    });

    afterAll(async () => {
      await edgedive?.stop();
      lab?.remove();
    });

    const tenPings = () =>
      execFileSync('ip', [
        'netns',
        'exec',
        lab.vm1,
        'ping',
        '-q',
        '-c',
        '10',
        '-i',
        '0.05',
        '-W',
        '2',
        lab.address2,
      ]);

    it('lists both namespaces, the veths and the bridge with their edges', async () => {
      await eventually(async () => {
        const nodes = await edgedive.query<{ ID: string; Metadata: Record<string, unknown> }[]>('G.V()');
        const names = nodes.map(
          (node) => `${String(node.Metadata['Type'])} ${String(node.Metadata['Name'])}`,
        );
        expect(names).toEqual(
          expect.arrayContaining([
            `netns ${lab.vm1}`,
            `netns ${lab.vm2}`,
            `bridge ${lab.bridge}`,
            `veth ${lab.port1}`,
            `veth ${lab.port2}`,
          ]),
        );
      });
      await eventually(async () => {
        const path = await edgedive.query<{ Metadata: { Name: string } }[][]>(
          `G.V().Has('Name','${lab.vm1}').Out('Name','eth0').ShortestPathTo(Metadata('Name','${lab.bridge}'), Metadata('RelationType','layer2'))`,
        );
        expect(path.map((nodes) => nodes.map((node) => node.Metadata.Name))).toEqual([
          ['eth0', lab.port1, lab.bridge],
        ]);
      });
    });

    it('counts ten pings exactly, in the query, in the Python stream and in the protobuf stream', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'edgedive-python-'));
      const script = readFileSync(new URL('./python/ws_logger.py', import.meta.url), 'utf8')
        .replace('127.0.0.1:8082', edgedive.address)
        .replace('/tmp/flows', join(dir, 'flows'));
      writeFileSync(join(dir, 'ws_logger.py'), script);
      const python = spawn(await pythonWithSkydiveClient(), ['-u', join(dir, 'ws_logger.py')]);
      const printed: string[] = [];
      python.stdout.on('data', (text: Buffer) => printed.push(text.toString()));
      python.stderr.on('data', (text: Buffer) => printed.push(text.toString()));
      const binary = await subscribe(edgedive.address, { 'X-Client-Protocol': 'protobuf' });
      const text = await subscribe(edgedive.address, { 'X-Websocket-Namespace': 'flow' });

      const created = await edgedive.post('/api/capture', {
        GremlinQuery: `G.V().Has('Name','${lab.port1}')`,
      });
      expect(created.status).toBe(201);
      const capture = (await created.json()) as { UUID: string };
      await eventually(async () => {
        const list = (await (await edgedive.get('/api/capture')).json()) as Record<string, { Count: number }>;
        expect(list[capture.UUID]?.Count).toBe(1);
      });
      const [node] = await edgedive.query<
        { Metadata: { TID: string; Captures: { ID: string; State: string }[] } }[]
      >(`G.V().Has('Name','${lab.port1}')`);
      expect(node!.Metadata.Captures).toMatchObject([{ ID: capture.UUID, State: 'active' }]);

      tenPings();
      await eventually(async () => {
        const flows = await edgedive.query<FlowJson[]>(ICMP_FLOWS);
        expect(flows).toHaveLength(1);
        expect(flows[0]).toMatchObject({
          NodeTID: node!.Metadata.TID,
          CaptureID: capture.UUID,
          Network: { A: lab.address1, B: lab.address2 },
          Metric: { ABPackets: 10, ABBytes: 10 * PING_BYTES, BAPackets: 10, BABytes: 10 * PING_BYTES },
        });
      });

      const all = { ABPackets: 10, ABBytes: 10 * PING_BYTES, BAPackets: 10, BABytes: 10 * PING_BYTES };
      await eventually(() => expect(growth(jsonFlows(text))).toEqual(all));
      await eventually(() => expect(growth(protobufFlows(binary))).toEqual(all));
      // Killed any earlier, it would have part of them: it has at least what the other text subscriber got.
      await eventually(() => expect(flowsWritten(printed)).toBeGreaterThanOrEqual(jsonFlows(text).length));
      python.kill('SIGINT');
      await once(python, 'exit');
      expect(growth(readFlows(join(dir, 'flows')))).toEqual(all);
      binary.close();
      text.close();

      const deleted = await edgedive.fetch(`/api/capture/${capture.UUID}`, { method: 'DELETE' });
      expect(deleted.status).toBe(200);
      await eventually(async () => {
        const [free] = await edgedive.query<{ Metadata: Record<string, unknown> }[]>(
          `G.V().Has('Name','${lab.port1}')`,
        );
        expect(free!.Metadata).not.toHaveProperty('Captures');
      });
    });

    it('captures a node that comes to match after the capture was made, inside a namespace too', async () => {
      const created = await edgedive.post('/api/capture', {
        GremlinQuery: `G.V().Has('Name','${lab.vm2}').Out('Name','late0')`,
        BPFFilter: 'icmp',
      });
      const capture = (await created.json()) as { UUID: string };
      lab.addLateInterface('late0');
      await eventually(async () => {
        const list = (await (await edgedive.get('/api/capture')).json()) as Record<string, { Count: number }>;
        expect(list[capture.UUID]?.Count).toBe(1);
      });
      await edgedive.fetch(`/api/capture/${capture.UUID}`, { method: 'DELETE' });
    });

    it('sees a rename, a new address, a link going down and a deletion within a second', async () => {
      lab.addLateInterface('chg0');
      const at = async (query: string) => edgedive.query<{ Metadata: Record<string, unknown> }[]>(query);
      const within = { timeoutMs: 1_000 };
      await eventually(async () => expect(await at("G.V().Has('Name','chg0')")).toHaveLength(1), within);
      lab.inVm2('link', 'set', 'chg0', 'down');
      lab.inVm2('link', 'set', 'chg0', 'name', 'chg1');
      lab.inVm2('addr', 'add', '10.99.0.7/24', 'dev', 'chg1');
      await eventually(async () => {
        const [node] = await at("G.V().Has('Name','chg1')");
        expect(node?.Metadata).toMatchObject({ State: 'DOWN', IPV4: ['10.99.0.7/24'] });
      }, within);
      lab.inVm2('link', 'del', 'chg1');
      await eventually(async () => expect(await at("G.V().Has('Name','chg1')")).toHaveLength(0), within);
    });

    it('serves the look-ups and captures of the Python RESTClient', async () => {
      const printed = execFileSync(
        await pythonWithSkydiveClient(),
        [
          new URL('./python/rest_client.py', import.meta.url).pathname,
          edgedive.address,
          `G.V().Has('Name','${lab.port1}')`,
        ],
        { encoding: 'utf8' },
      );
      const said = JSON.parse(printed) as Record<string, never> & {
        created: { uuid: string; query: string };
      };
      expect(said).toMatchObject({
        nodes: [{ metadata: { Name: lab.port1, Type: 'veth' } }],
        created: { query: `G.V().Has('Name','${lab.port1}')` },
        listed: [said.created.uuid],
        duplicate: 'duplicated resource\n',
        after: [],
        bad_query: 'Expected right parenthesis\n',
      });
    });
  },
);

/** What the Python example says that it wrote. */
function flowsWritten(printed: readonly string[]): number {
  return [...printed.join('').matchAll(/wrote (\d+) flows/g)].reduce((sum, [, n]) => sum + Number(n), 0);
}

function jsonFlows(subscriber: Subscriber): FlowJson[] {
  return subscriber.messages
    .map((message) => JSON.parse(message.toString()) as { Namespace: string; Obj: FlowJson[] })
    .filter((message) => message.Namespace === 'flow')
    .flatMap((message) => message.Obj);
}

function protobufFlows(subscriber: Subscriber): FlowJson[] {
  return subscriber.messages
    .map((message) => decodeStructMessage(message))
    .filter((message) => message.Namespace === 'flow')
    .flatMap((message) => JSON.parse(Buffer.from(message.Obj).toString()) as FlowJson[]);
}

/** The example writes one object after the other without a separator; its file is whole when Python has ended. */
function readFlows(file: string): FlowJson[] {
  const text = readFileSync(file, 'utf8');
  return text === '' ? [] : (JSON.parse(`[${text.replaceAll('}{', '},{')}]`) as FlowJson[]);
}
