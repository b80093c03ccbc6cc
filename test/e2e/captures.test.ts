/**
 * Captures on a host as it changes (scripts/lab/): several on one node, an interface that goes down, is renamed and moves
 * into a container, and a capture whose time ends. Packets come from injections, so each is counted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDataCentre, containers, type DataCentre } from '../../scripts/lab/data-centre.ts';
import { LabProbe } from '../../scripts/lab/lab-probe.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { skipUnlessRoot } from './harness/lab.ts';

interface CaptureState {
  ID: string;
  State: string;
  Error?: string;
  PacketsReceived: number;
  PacketsDropped: number;
}
interface NodeJson {
  ID: string;
  Metadata: { Name: string; State: string; TID: string; Captures?: CaptureState[] };
}

const { web } = containers;
const MAC = '02:ed:00:00:01:99';

describe.skipIf(skipUnlessRoot())('captures on a host that changes', () => {
  let dataCentre: DataCentre;
  let edgedive: Analyzer;
  let probe: LabProbe;

  beforeAll(async () => {
    [dataCentre, edgedive] = await Promise.all([buildDataCentre(), startEdgedive({ probe: false })]);
    probe = new LabProbe(dataCentre.rack1, new URL(edgedive.url));
    await eventually(async () => expect(await nodesOf(`G.V().Has('MAC','${web.mac}')`)).toHaveLength(1));
  });

  afterAll(async () => {
    await probe?.stop();
    await edgedive?.stop();
    await dataCentre?.remove();
  });

  const nodesOf = async (query: string) => edgedive.query<NodeJson[]>(query);

  async function capture(
    GremlinQuery: string,
    more: object = {},
    headers: Record<string, string> = {},
  ): Promise<string> {
    const created = await edgedive.fetch('/api/capture', {
      method: 'POST',
      headers,
      body: JSON.stringify({ GremlinQuery, ...more }),
    });
    expect(created.status).toBe(201);
    return ((await created.json()) as { UUID: string }).UUID;
  }

  const remove = (id: string) => edgedive.fetch(`/api/capture/${id}`, { method: 'DELETE' });

  /** The states of captures on the only node of the query. */
  async function statesOn(query: string): Promise<CaptureState[]> {
    const nodes = await nodesOf(query);
    expect(nodes).toHaveLength(1);
    return nodes[0]!.Metadata.Captures ?? [];
  }

  /** UDP to a port from the only node of the query; the port tells this call's packets from others. */
  async function inject(Src: string, DstPort: number, Count: number): Promise<void> {
    const created = await edgedive.post('/api/injectpacket', {
      Src,
      SrcIP: '10.99.0.1',
      DstIP: '10.99.0.2',
      DstMAC: '02:ed:00:00:01:98',
      Type: 'udp4',
      DstPort,
      Count,
    });
    expect(created.status, await created.clone().text()).toBe(201);
  }

  const seen = async (id: string, port: number) => {
    const flows = await edgedive.query<{ NodeTID: string; Metric: { ABPackets: number } }[]>(
      `G.Flows().Has('CaptureID','${id}','UDP.B',${port})`,
    );
    return flows.map(({ Metric, NodeTID }) => ({ packets: Metric.ABPackets, tid: NodeTID }));
  };

  it('run beside each other on one node, each with its filter, counters and flows', async () => {
    const query = `G.V().Has('MAC','${web.mac}')`;
    const low = await capture(query, { BPFFilter: 'udp port 6001', Name: 'low' });
    const both = await capture(query, { BPFFilter: 'udp' });
    await eventually(async () =>
      expect(await statesOn(query)).toMatchObject([
        { ID: low, State: 'active', Name: 'low', BPFFilter: 'udp port 6001' },
        { ID: both, State: 'active', BPFFilter: 'udp' },
      ]),
    );
    await inject(query, 6001, 3);
    await inject(query, 6002, 4);
    await eventually(async () => {
      expect((await seen(low, 6001)).map(({ packets }) => packets)).toEqual([3]);
      expect((await seen(low, 6002)).map(({ packets }) => packets)).toEqual([]);
      expect((await seen(both, 6001)).map(({ packets }) => packets)).toEqual([3]);
      expect((await seen(both, 6002)).map(({ packets }) => packets)).toEqual([4]);
      expect(await statesOn(query)).toMatchObject([
        { PacketsReceived: 3, PacketsDropped: 0 },
        { PacketsReceived: 7, PacketsDropped: 0 },
      ]);
    });
    await remove(low);
    await eventually(async () =>
      expect(await statesOn(query)).toMatchObject([{ ID: both, State: 'active' }]),
    );
    await inject(query, 6003, 2);
    await eventually(async () => expect((await seen(both, 6003)).map(({ packets }) => packets)).toEqual([2]));
    await remove(both);
    await eventually(async () => expect(await statesOn(query)).toEqual([]));
  });

  it('recover when the interface goes down, is renamed, and moves into a container and back', async () => {
    const { rack1 } = dataCentre;
    const query = `G.V().Has('MAC','${MAC}')`;
    rack1.ip(`link add mv0 address ${MAC} type veth peer name mv0-peer`, 'link set mv0-peer up');
    const id = await capture(query, { BPFFilter: 'udp' });
    const runs = async (name: string, port: number, owner = 'rack1') => {
      await eventually(async () => {
        // Right after a move the graph still says where it was.
        const owners = await nodesOf(`${query}.In().Has('Type', Within('host','netns'))`);
        expect(owners.map(({ Metadata }) => Metadata.Name)).toEqual([owner]);
        const [node] = await nodesOf(query);
        expect(node?.Metadata).toMatchObject({ Name: name, Captures: [{ ID: id, State: 'active' }] });
      });
      await inject(query, port, 5);
      await eventually(async () => {
        const [node] = await nodesOf(query);
        expect(await seen(id, port)).toEqual([{ packets: 5, tid: node!.Metadata.TID }]);
      });
    };
    await eventually(async () =>
      expect(await statesOn(query)).toMatchObject([
        { ID: id, State: 'error', Error: "Can't start capture on node down mv0" },
      ]),
    );
    rack1.ip('link set mv0 up');
    await runs('mv0', 7001);
    rack1.ip('link set mv0 down');
    await eventually(async () => expect(await statesOn(query)).toMatchObject([{ ID: id, State: 'error' }]));
    rack1.ip('link set mv0 name mv1', 'link set mv1 up');
    await runs('mv1', 7002);
    rack1.ip(`link set mv1 netns ${web.name}`, `-n ${web.name} link set mv1 up`);
    await runs('mv1', 7003, web.name);
    rack1.run('ip', '-n', web.name, 'link', 'set', 'mv1', 'netns', String(rack1.pid));
    rack1.ip('link set mv1 up');
    await runs('mv1', 7004);
    rack1.ip('link del mv1');
    await eventually(async () => {
      const answer = (await (await edgedive.get(`/api/capture/${id}`)).json()) as { Count: number };
      expect(answer.Count).toBe(0);
    });
    await remove(id);
  });

  it('end by themselves when their time is over', async () => {
    const query = "G.V().Has('Name','br0')";
    const id = await capture(query, {}, { 'X-Resource-TTL': '2s' });
    await eventually(async () => expect(await statesOn(query)).toMatchObject([{ ID: id, State: 'active' }]), {
      timeoutMs: 1_900,
    });
    await eventually(async () => expect(await statesOn(query)).toEqual([]), { timeoutMs: 5_000 });
    expect((await edgedive.get(`/api/capture/${id}`)).status).toBe(404);
  });
});
