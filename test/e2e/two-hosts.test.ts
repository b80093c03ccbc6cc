/**
 * The sequence of the API's documentation between two hosts (scripts/lab/): from a namespace to an interface, to a
 * capture, to the flow that two probes saw, to the interfaces that it crossed. Beneath are a bridge on each host, a VXLAN
 * between them and a router on its way.
 */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { framesOf } from '../../core/injection/frames.ts';
import { pcapHeader, pcapRecord } from '../../core/packet/pcap-file.ts';
import { buildDataCentre, containers, type DataCentre } from '../../scripts/lab/data-centre.ts';
import { LabProbe } from '../../scripts/lab/lab-probe.ts';
import { captureAlongTheWay, hopName, WAY, waitForProbes } from '../../scripts/lab/look.ts';
import { Traffic } from '../../scripts/lab/traffic.ts';
import { eventually, startEdgedive, type Analyzer } from './harness/edgedive.ts';
import { pythonWithSkydiveClient } from './harness/python.ts';
import { skipUnlessRoot } from './harness/lab.ts';

interface NodeJson {
  ID: string;
  Host: string;
  Metadata: { Name: string; TID: string; Type: string; MAC?: string; IfIndex?: number };
}
interface FlowJson {
  TrackingID: string;
  NodeTID: string;
  Metric: { ABPackets: number; ABBytes: number; BAPackets: number; BABytes: number };
  Network: { A: string; B: string };
}

const { web, db } = containers;
const PINGS = `G.Flows().Has('Application','ICMPv4','Network.A','${web.address}')`;
/** 14 Ethernet + 20 IPv4 + 8 ICMP + 56 of data. */
const PING_BYTES = 98;

describe.skipIf(skipUnlessRoot())('two hosts with a router between them', () => {
  let dataCentre: DataCentre;
  let edgedive: Analyzer;
  let traffic: Traffic;
  const probes: LabProbe[] = [];

  beforeAll(async () => {
    [dataCentre, edgedive] = await Promise.all([buildDataCentre(), startEdgedive({ probe: false })]);
    const url = new URL(edgedive.url);
    for (const host of [dataCentre.rack1, dataCentre.rack2]) probes.push(new LabProbe(host, url));
    await waitForProbes(url, ['rack1', 'rack2']);
    traffic = await Traffic.start(dataCentre);
  });

  afterAll(async () => {
    await traffic?.stop();
    await Promise.all(probes.map((probe) => probe.stop()));
    await edgedive?.stop();
    await dataCentre?.remove();
  });

  /** On the containers' own interfaces; resolves when both run. */
  async function captureBothEnds(BPFFilter: string): Promise<string> {
    const created = await edgedive.post('/api/capture', {
      GremlinQuery: `G.V().Has('MAC', Within('${web.mac}','${db.mac}'))`,
      BPFFilter,
    });
    expect(created.status).toBe(201);
    const { UUID } = (await created.json()) as { UUID: string };
    await eventually(async () => {
      const answer = (await (await edgedive.get(`/api/capture/${UUID}`)).json()) as { Count: number };
      expect(answer.Count).toBe(2);
    });
    return UUID;
  }

  it('shows each probe the namespaces of its own host only', async () => {
    const found = await edgedive.query<NodeJson[]>("G.V().Has('Type','netns')");
    expect(found.map(({ Host, Metadata }) => `${Host} ${Metadata.Name}`).sort()).toEqual([
      'rack1 web',
      'rack2 db',
    ]);
    const hosts = await edgedive.query<NodeJson[]>("G.V().Has('Type','host')");
    expect(hosts.map(({ Metadata }) => Metadata.Name).sort()).toEqual(['rack1', 'rack2']);
  });

  it('leads from a namespace to the flow, to both its ends and to all its hops in order', async () => {
    const [netns] = await edgedive.query<NodeJson[]>("G.V().Has('Type','netns','Name','web')");
    const [eth0] = await edgedive.query<NodeJson[]>(`G.V('${netns!.ID}').Out('Name','eth0')`);
    expect(eth0!.Metadata).toMatchObject({ Type: 'veth', MAC: web.mac });

    const capture = await captureAlongTheWay(new URL(edgedive.url));
    traffic.ping(10);
    const flows = await eventually(async () => {
      const found = await edgedive.query<FlowJson[]>(PINGS);
      expect(found).toHaveLength(WAY.length);
      for (const { Metric } of found)
        expect(Metric).toMatchObject({
          ABPackets: 10,
          ABBytes: 10 * PING_BYTES,
          BAPackets: 10,
          BABytes: 10 * PING_BYTES,
        });
      return found;
    });
    expect(new Set(flows.map(({ TrackingID }) => TrackingID)).size).toBe(1);

    const byNode = await edgedive.query<FlowJson[]>(`G.V().Has('TID','${eth0!.Metadata.TID}').Flows()`);
    expect(byNode).toHaveLength(1);
    expect(byNode[0]).toMatchObject({
      NodeTID: eth0!.Metadata.TID,
      Network: { A: web.address, B: db.address },
    });

    const tracked = `G.Flows().Has('TrackingID','${flows[0]!.TrackingID}')`;
    const hops = await edgedive.query<NodeJson[]>(`${tracked}.Hops()`);
    expect(hops.map((hop) => hopName(hop))).toEqual(WAY);
    const captured = await edgedive.query<NodeJson[]>(`${tracked}.CaptureNode().Dedup()`);
    expect(captured.map((node) => hopName(node)).sort()).toEqual([...WAY].sort());
    const ends = await edgedive.query<NodeJson[]>(`${tracked}.Both().Dedup()`);
    expect(ends.map(({ Host, Metadata }) => `${Host} ${Metadata.MAC}`)).toEqual([
      `rack1 ${web.mac}`,
      `rack2 ${db.mac}`,
    ]);
    const nodes = await edgedive.query<NodeJson[]>(`${tracked}.Nodes().Dedup()`);
    expect(nodes.map((node) => hopName(node)).sort()).toEqual([...WAY].sort());
    const deleted = await edgedive.fetch(`/api/capture/${capture}`, { method: 'DELETE' });
    expect(deleted.status).toBe(200);
  });

  it('shows the tunnel where it leaves a host, and within it the flow', async () => {
    const created = await edgedive.post('/api/capture', {
      GremlinQuery: "G.V().Has('Name','eth0','MTU',1500).Has('@Host','rack1')",
    });
    expect(created.status).toBe(201);
    const { UUID } = (await created.json()) as { UUID: string };
    await eventually(async () => {
      const answer = (await (await edgedive.get(`/api/capture/${UUID}`)).json()) as { Count: number };
      expect(answer.Count).toBe(1);
    });
    traffic.ping(3);
    await eventually(async () => {
      const inner = await edgedive.query<(FlowJson & { LayersPath: string; ParentUUID: string })[]>(
        `G.Flows().Has('CaptureID','${UUID}','Application','ICMPv4','Network.A','${web.address}')`,
      );
      expect(inner).toHaveLength(1);
      expect(inner[0]!.ParentUUID).not.toBe('');
      const outer = await edgedive.query<FlowJson[]>(`G.Flows().Has('UUID','${inner[0]!.ParentUUID}')`);
      // Either host may have sent into the tunnel first: the kernel asks for neighbours when it likes.
      const { A, B } = outer[0]!.Network;
      expect([A, B].sort()).toEqual(['172.30.1.1', '172.30.2.1']);
    });
    // The router runs no probe, so the far end's MAC is nobody's: its address tells which interface it is.
    const ends = await edgedive.query<NodeJson[]>(
      `G.Flows().Has('CaptureID','${UUID}','Network','172.30.2.1').Both().Dedup()`,
    );
    expect(ends.map(({ Host, Metadata }) => `${Host} ${Metadata.Name}`)).toContain('rack2 eth0');
    await edgedive.fetch(`/api/capture/${UUID}`, { method: 'DELETE' });
  });

  it('knows the next hop of a container and of its host', async () => {
    const hop = async (query: string) =>
      Object.values((await edgedive.query<Record<string, { IP: string; MAC?: string }>[]>(query))[0]!);
    await eventually(async () => {
      const near = await hop(`G.V().Has('MAC','${web.mac}').NextHop('${db.address}')`);
      expect(near).toEqual([expect.objectContaining({ IP: db.address, MAC: db.mac })]);
      const far = await hop("G.V().Has('Name','eth0','MTU',1500).Has('@Host','rack1').NextHop('172.30.2.1')");
      expect(far).toEqual([expect.objectContaining({ IP: '172.30.1.254' })]);
    });
  });

  it('sends the packets that the Python client asks for, and captures see them on both hosts', async () => {
    const UUID = await captureBothEnds('icmp');
    const src = `G.V().Has('MAC','${web.mac}')`;
    const python = await pythonWithSkydiveClient();
    const script = new URL('python/injections.py', import.meta.url).pathname;
    const words = [script, edgedive.address, src, `G.V().Has('MAC','${db.mac}')`];
    const printed = execFileSync(python, words, { encoding: 'utf8' }).trim().split('\n');
    const said = JSON.parse(printed[0]!) as { uuid: string; listed: string[]; refused: string };
    expect(said).toMatchObject({ listed: [said.uuid], refused: 'given type is not supported\n' });
    expect(JSON.parse(printed[1]!)).toEqual([]);

    const created = await edgedive.post('/api/injectpacket', {
      Src: src,
      Dst: `G.V().Has('MAC','${db.mac}')`,
      Type: 'icmp4',
      ICMPID: 4711,
      Count: 5,
      Interval: 20,
    });
    expect(created.status).toBe(201);
    const { UUID: injection } = (await created.json()) as { UUID: string };
    await eventually(async () => {
      const answer = await edgedive.get(`/api/injectpacket/${injection}`);
      expect(await answer.json()).toMatchObject({ State: 'done', PacketCount: 5 });
    });
    await eventually(async () => {
      const flows = await edgedive.query<FlowJson[]>("G.Flows().Has('ICMP.ID', 4711)");
      expect(flows).toHaveLength(2);
      // The far end answers each of them.
      for (const { Metric } of flows) expect(Metric).toMatchObject({ ABPackets: 5, BAPackets: 5 });
    });
    await edgedive.fetch(`/api/capture/${UUID}`, { method: 'DELETE' });
  });

  it('shows an injection on its node while it runs, and ends it with the resource', async () => {
    const created = await edgedive.post('/api/injectpacket', {
      Src: `G.V().Has('MAC','${web.mac}')`,
      Dst: `G.V().Has('MAC','${db.mac}')`,
      Type: 'udp4',
      DstPort: 7777,
      Count: 1000,
      Interval: 1000,
    });
    const { UUID } = (await created.json()) as { UUID: string };
    const onNode = async () => edgedive.query<NodeJson[]>("G.V().HasKey('PacketInjections')");
    await eventually(async () => {
      const [node] = await onNode();
      expect(node?.Metadata).toMatchObject({
        MAC: web.mac,
        PacketInjections: [
          { ID: UUID, State: 'active', SrcIP: web.address, DstIP: db.address, DstMAC: db.mac, Count: 1000 },
        ],
      });
    });
    const answer = await edgedive.get(`/api/injectpacket/${UUID}`);
    expect(await answer.json()).toMatchObject({ State: 'active' });
    expect((await edgedive.fetch(`/api/injectpacket/${UUID}`, { method: 'DELETE' })).status).toBe(200);
    await eventually(async () => expect(await onNode()).toEqual([]), { timeoutMs: 2_000 });
  });

  it('replays a capture file', async () => {
    const UUID = await captureBothEnds('udp port 5353');
    // Ethernet to db, IPv4, UDP 5353 to 5353: framesOf makes it, the file carries it.
    const [frame] = framesOf(
      {
        UUID: '',
        SrcIP: web.address,
        DstIP: db.address,
        SrcMAC: web.mac,
        DstMAC: db.mac,
        SrcPort: 5353,
        DstPort: 5353,
        Type: 'udp4',
        Payload: 'from a file',
        ICMPID: 0,
        Count: 1,
        Interval: 0,
        Mode: '',
        IncrementPayload: 0,
        Pcap: null,
        TTL: 0,
      },
      { linkHeader: true, random: Math.random },
    );
    const packet = { bytes: frame!, wireLength: frame!.length, timeMs: 0, subMsNs: 0 };
    const file = Buffer.concat([pcapHeader(1), pcapRecord(packet), pcapRecord(packet)]);
    const created = await edgedive.post('/api/injectpacket', {
      Src: `G.V().Has('MAC','${web.mac}')`,
      Type: 'udp4',
      Pcap: file.toString('base64'),
    });
    expect(created.status).toBe(201);
    await eventually(async () => {
      const flows = await edgedive.query<FlowJson[]>(`G.Flows().Has('CaptureID','${UUID}')`);
      expect(flows).toHaveLength(2);
      for (const { Metric } of flows) expect(Metric).toMatchObject({ ABPackets: 2, BAPackets: 0 });
    });
    await edgedive.fetch(`/api/capture/${UUID}`, { method: 'DELETE' });
  });

  it('counts a TCP transfer alike at both ends', async () => {
    const UUID = await captureBothEnds('tcp port 9000');
    expect(await traffic.transfer(300_000)).toBe(300_000);
    await eventually(async () => {
      const flows = await edgedive.query<FlowJson[]>(`G.Flows().Has('CaptureID','${UUID}')`);
      expect(flows).toHaveLength(2);
      const [one, other] = flows.map(({ Metric }) => Metric.ABBytes + Metric.BABytes);
      expect(one).toBeGreaterThan(300_000);
      expect(one).toBe(other);
    });
    await edgedive.fetch(`/api/capture/${UUID}`, { method: 'DELETE' });
  });
});
