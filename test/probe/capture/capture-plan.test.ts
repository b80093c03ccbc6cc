import { describe, expect, it } from 'vitest';
import type { Capture } from '../../../core/capture/capture.ts';
import type { GraphNode, Metadata } from '../../../core/graph/element.ts';
import { planOf } from '../../../probe/capture/capture-plan.ts';
import type { CapturedInterface } from '../../../probe/capture/captured-interface.ts';
import type { CaptureSource } from '../../../probe/capture/capture-source.ts';
import { chooseType } from '../../../probe/capture/capture-type.ts';
import { combineFilters, endpointsOf, exclusionOf, OwnTraffic } from '../../../probe/capture/own-traffic.ts';

const SOURCES = new Map<string, CaptureSource>([['pcap', {} as CaptureSource]]);
const VETH: CapturedInterface = {
  netnsPath: null,
  name: 'veth0',
  ifIndex: 7,
  tid: 't',
  encapType: 'ether',
  up: true,
};

function captureOf(more: Partial<Capture> = {}): Capture {
  return {
    UUID: 'u',
    GremlinQuery: 'G.V()',
    Count: 0,
    SamplingRate: 0,
    PollingInterval: 0,
    ExtraTCPMetric: false,
    IPDefrag: false,
    ReassembleTCP: false,
    ...more,
  };
}

function nodeOf(type: string): GraphNode {
  const metadata = { Name: 'n', Type: type };
  return {
    id: 'id',
    metadata,
    host: 'h',
    origin: 'o',
    createdAt: 0,
    updatedAt: 0,
    deletedAt: null,
    revision: 1,
  };
}

const errorOf = (capture: Partial<Capture>, type: string, found?: CapturedInterface) => {
  const plan = planOf(captureOf(capture), nodeOf(type), found, SOURCES, '');
  return plan.kind === 'error' ? plan.error : plan.kind;
};

describe('planOf', () => {
  it('does nothing for a node that is not there', () => {
    expect(planOf(captureOf(), undefined, undefined, SOURCES, '')).toEqual({ kind: 'none' });
  });

  it('takes the options of the capture, and the defaults of the flow model where there are none', () => {
    const plan = planOf(captureOf(), nodeOf('veth'), VETH, SOURCES, 'not (host 1.2.3.4 and port 5)');
    expect(plan).toMatchObject({
      kind: 'run',
      type: 'pcap',
      spec: {
        headerBytes: 256,
        layerKeyMode: 'L2',
        userFilter: '',
        exclusion: 'not (host 1.2.3.4 and port 5)',
      },
    });
    const options = {
      HeaderSize: 96,
      LayerKeyMode: 'L3',
      BPFFilter: 'tcp',
      RawPacketLimit: 3,
      ExtraLayers: 255,
    };
    expect(planOf(captureOf(options), nodeOf('veth'), VETH, SOURCES, '')).toMatchObject({
      spec: { headerBytes: 96, layerKeyMode: 'L3', userFilter: 'tcp', rawPacketLimit: 3, extraLayers: 255 },
    });
  });

  it.each([
    [
      'a node that is no interface',
      {},
      'netns',
      undefined,
      'Capture type pcap not allowed on this node type: netns',
    ],
    [
      'a type for other nodes',
      { Type: 'dpdk' },
      'veth',
      VETH,
      'Capture type dpdk not allowed on this node type: veth',
    ],
    [
      'a type unknown',
      { Type: 'constructor' },
      'veth',
      VETH,
      'Capture type constructor not allowed on this node type: veth',
    ],
    [
      'a type that we lack',
      { Type: 'sflow' },
      'veth',
      VETH,
      'Capture type sflow not available on this probe: it has pcap',
    ],
    [
      'the default type of a bridge of OVS',
      {},
      'ovsbridge',
      VETH,
      'Capture type ovssflow not available on this probe: it has pcap',
    ],
    ['an interface down', {}, 'veth', { ...VETH, up: false }, "Can't start capture on node down veth0"],
    ['no EncapType', {}, 'veth', { ...VETH, encapType: '' }, 'No EncapType for node id'],
    ['no TID', {}, 'veth', { ...VETH, tid: '' }, 'No TID for node id'],
    ['no name', {}, 'veth', { ...VETH, name: '' }, 'No name for node id'],
    [
      'an export that we lack',
      { TargetType: 'netflowv5' },
      'veth',
      VETH,
      'target type netflowv5 not available on this probe: flows go to the analyzer',
    ],
    ['an export unknown', { TargetType: 'x' }, 'veth', VETH, 'target type unknown'],
    ['the local target', { TargetType: 'local' }, 'veth', VETH, 'run'],
  ])('says about %s what is wrong', (_what, capture, type, found, expected) => {
    expect(errorOf(capture, type, found)).toBe(expected);
  });
});

describe('planOf on nodes of Open vSwitch', () => {
  const types = ['pcap', 'sflow', 'netflow', 'ovsmirror', 'ovssflow', 'ovsnetflow'];
  const sources = new Map(types.map((type) => [type, { type } as unknown as CaptureSource]));
  const metadata = { Name: 'p0', Type: 'ovsport', UUID: 'uuid-1', TID: 'tid-1' };
  const plan = (more: Metadata, capture: Partial<Capture> = {}) =>
    planOf(captureOf(capture), { ...nodeOf(''), metadata: { ...metadata, ...more } }, undefined, sources, '');

  it('chooses by the type of the node, and takes what the switch is to be told', () => {
    expect(plan({ Vlans: 7 })).toMatchObject({
      type: 'ovsmirror',
      source: { type: 'ovsmirror' },
      spec: { nodeTid: 'tid-1', interfaceName: 'p0', ovs: { type: 'ovsmirror', uuid: 'uuid-1', vlans: 7 } },
    });
    const bridge = { Name: 'br0', Type: 'ovsbridge' };
    expect(plan(bridge, { SamplingRate: 4, PollingInterval: 3 })).toMatchObject({
      type: 'ovssflow',
      spec: { ovs: { type: 'ovssflow', samplingRate: 4, pollingInterval: 3 } },
    });
    expect(plan(bridge, { Type: 'ovsnetflow' })).toMatchObject({ spec: { ovs: { activeTimeoutS: 10 } } });
  });

  it('listens on every address for a bridge that somebody else made export', () => {
    const found = plan({ Type: 'ovsbridge' }, { Type: 'sflow' });
    expect(found).toMatchObject({
      kind: 'run',
      spec: { listen: { exporter: 'sflow', address: '', port: 6343 } },
    });
    expect(found).not.toHaveProperty('spec.ovs');
  });

  it.each([
    ['no TID', { TID: '' }, {}, 'No TID for node id'],
    ['no name', { Name: '' }, {}, 'No name for node id'],
    ['packets', {}, { Type: 'pcap' }, 'Capture type pcap not allowed on this node type: ovsport'],
    ['a bridge', {}, { Type: 'ovssflow' }, 'Capture type ovssflow not allowed on this node type: ovsport'],
  ])('says about %s what is wrong', (_what, more, capture, error) => {
    expect(plan(more, capture)).toMatchObject({ kind: 'error', error });
  });

  it('leaves alone what captures made', () => {
    expect(plan({ ExtID: { 'edgedive-capture': 'c' } })).toEqual({ kind: 'none' });
    expect(plan({ ExtID: { team: 'red' } })).toMatchObject({ kind: 'run' });
  });
});

describe('planOf on a node of OpenContrail', () => {
  it('registers the UDP port that carries MPLS', () => {
    const node = { ...nodeOf('tuntap'), metadata: { Name: 'n', Type: 'tuntap', MPLSUDPPort: 51_234 } };
    expect(planOf(captureOf(), node, VETH, SOURCES, '')).toMatchObject({ spec: { mplsUdpPorts: [51_234] } });
  });
});

describe('chooseType', () => {
  it('takes a kernel interface of any kind, tap devices too', () => {
    for (const type of ['veth', 'bridge', 'device', 'tuntap', 'wireguard'])
      expect(chooseType('', type, true, ['pcap', 'afpacket'])).toEqual({ kind: 'type', type: 'afpacket' });
  });

  it('takes the other when the preferred is not to be had', () => {
    expect(chooseType('', 'veth', true, ['afpacket'])).toEqual({ kind: 'type', type: 'afpacket' });
  });
});

describe('the filter that leaves the own traffic out', () => {
  it('names each address of the analyzer, and goes with the filter of the user', () => {
    const exclusion = exclusionOf([
      { address: '10.0.0.1', port: 8082 },
      { address: '2001:db8::1', port: 8082 },
    ]);
    expect(exclusion).toBe('not (host 10.0.0.1 and port 8082) and not (host 2001:db8::1 and port 8082)');
    expect(combineFilters('tcp or udp', exclusion)).toBe(`(tcp or udp) and ${exclusion}`);
    expect(combineFilters(' ', exclusion)).toBe(exclusion);
    expect(combineFilters('tcp', '')).toBe('tcp');
    expect(combineFilters('', '')).toBe('');
  });

  it('is known once the addresses were asked for', async () => {
    const own = new OwnTraffic(new URL('ws://127.0.0.1:8082'));
    expect(own.exclusion).toBe('');
    await own.known();
    expect(own.exclusion).toBe('not (host 127.0.0.1 and port 8082)');
    const two = new OwnTraffic(new URL('ws://127.0.0.1:8082'), new URL('udp://127.0.0.2:4739'));
    await two.known();
    expect(two.exclusion).toBe('not (host 127.0.0.1 and port 8082) and not (host 127.0.0.2 and port 4739)');
    const nowhere = new OwnTraffic(new URL('ws://nowhere.invalid:8082'));
    await nowhere.known();
    expect(nowhere.exclusion).toBe('');
  });

  it('knows the port that an address does not name', async () => {
    expect(await endpointsOf(new URL('ws://127.0.0.1'))).toEqual([{ address: '127.0.0.1', port: 80 }]);
    expect(await endpointsOf(new URL('wss://[::1]'))).toEqual([{ address: '::1', port: 443 }]);
    expect(await endpointsOf(new URL('ws://127.0.0.1:8082'))).toEqual([{ address: '127.0.0.1', port: 8082 }]);
  });
});
