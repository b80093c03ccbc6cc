/** What is filled in, from which nodes, and the reference's texts where that fails (REST notes, section 11). */
import { describe, expect, it } from 'vitest';
import type { InjectionRequest, InjectionSpec } from '../../../core/injection/injection.ts';
import { planInjection, type InjectionWorld } from '../../../core/injection/plan.ts';
import { progressOf, withReport } from '../../../core/injection/progress.ts';
import { parseMac, readInjection } from '../../../core/injection/validate.ts';
import { limits } from '../../../core/limits.ts';
import { pcapHeader } from '../../../core/packet/pcap-file.ts';
import { toBase64 } from '../../../core/wire/go-json.ts';
import { node } from '../gremlin/world.ts';

const read = (members: Record<string, unknown>) => readInjection({ Src: 'G.V()', Type: 'icmp4', ...members });
const errorsOf = (members: Record<string, unknown>) => {
  const answer = read(members);
  return 'errors' in answer ? answer.errors : [];
};
function request(members: Record<string, unknown> = {}): InjectionRequest {
  const answer = read(members);
  if ('errors' in answer) throw new Error(answer.errors.join());
  return answer.injection;
}

const SRC_MAC = '02:00:00:00:00:01';
const DST_MAC = '02:00:00:00:00:02';
const GATEWAY_MAC = '02:00:00:00:00:fe';
const routes = (via?: string) => ({
  RoutingTables: [
    {
      ID: 254,
      Routes: [
        { Prefix: '10.0.0.0/24', NextHops: [{ IfIndex: 2 }] },
        { Prefix: '0.0.0.0/0', NextHops: [{ IP: via ?? '', IfIndex: 2 }] },
      ],
    },
  ],
});
const source = node('src', {
  Type: 'veth',
  EncapType: 'ether',
  MAC: SRC_MAC,
  IPV4: ['10.0.0.1/24'],
  IPV6: ['fd00::1/64'],
});
const destination = node('dst', { MAC: DST_MAC, IPV4: ['10.0.0.2/24'], IPV6: ['fd00::2/64'] });
const world: InjectionWorld = { random: () => 0, macOfAddress: () => undefined };
const plan = (asked: InjectionRequest, from = source, to = destination, order = 0, knows = world) =>
  planInjection('u', asked, from, to, order, knows);
function specOf(...args: Parameters<typeof plan>): InjectionSpec {
  const planned = plan(...args);
  if (!planned.ok) throw new Error(planned.text);
  return planned.spec;
}

describe('readInjection', () => {
  it('has the recorded defaults', () => {
    expect(request()).toEqual({
      Src: 'G.V()',
      Dst: '',
      SrcIP: '',
      DstIP: '',
      SrcMAC: '',
      DstMAC: '',
      SrcPort: 0,
      DstPort: 0,
      Type: 'icmp4',
      Payload: '',
      ICMPID: 0,
      Count: 0,
      Interval: 0,
      Mode: '',
      IncrementPayload: 0,
      StartTime: '0001-01-01T00:00:00Z',
      Pcap: null,
      TTL: 0,
    });
  });

  it.each([
    [{ Type: 'foo' }, ['given type is not supported']],
    [{ Type: '' }, ['given type is not supported']],
    [{ Mode: 'weird' }, ['given mode is not supported']],
    [{ DstIP: 'bad' }, ['DstIP: Not a IP or CIDR address']],
    [{ SrcIP: '10.0.0.1/24' }, []],
    [{ SrcIP: 'fd00::1' }, ['SrcIP: Not an IPv4 address']],
    [{ SrcMAC: 'x', DstMAC: '02-00-00-00-00-01' }, ['SrcMAC: Not a MAC address']],
    [
      { SrcIP: 'x', SrcMAC: 'y', Type: 'foo' },
      ['SrcIP: Not a IP or CIDR address', 'SrcMAC: Not a MAC address'],
    ],
    [{ IncrementPayload: -1 }, ['IncrementPayload: a payload cannot shrink']],
    [{ Count: limits.injectionPacketsMax + 1 }, [`Count: at most ${limits.injectionPacketsMax} packets`]],
    [{ Pcap: '!' }, ['Pcap: not base64']],
    [{ Pcap: '' }, ['Pcap: EOF']],
    [{ Pcap: toBase64(pcapHeader(1)) }, ['Pcap: no packet in the file']],
  ])('reads %j as %j', (members, errors) => {
    expect(errorsOf(members)).toEqual(errors);
  });

  it('refuses a payload that would not fit at its end', () => {
    expect(errorsOf({ Count: 1_000, IncrementPayload: 100 })[0]).toMatch(
      /^Payload: at most 65000 bytes, here up to 99900$/,
    );
  });

  it.each([
    { SrcPort: 99_999 },
    { TTL: 256 },
    { Count: -1 },
    { Interval: 1.5 },
    { Type: 4 },
    { StartTime: 'now' },
  ])('refuses %j before any rule', (members) => {
    expect(() => read(members)).toThrow(/^parse error: /);
  });

  it('reads a MAC in each of its spellings', () => {
    for (const text of ['02:00:00:00:00:0A', '02-00-00-00-00-0a', '0200.0000.000a'])
      expect([...parseMac(text)!]).toEqual([2, 0, 0, 0, 0, 10]);
    for (const text of ['02:00:00:00:00', '02:00-00:00:00:0a', '0200:0000:000a', ''])
      expect(parseMac(text)).toBeUndefined();
  });
});

describe('planInjection', () => {
  it('takes addresses from the nodes, by the family of the type', () => {
    expect(specOf(request())).toMatchObject({
      SrcIP: '10.0.0.1',
      DstIP: '10.0.0.2',
      SrcMAC: SRC_MAC,
      DstMAC: DST_MAC,
      ICMPID: 1,
    });
    expect(specOf(request({ Type: 'udp6' }))).toMatchObject({
      SrcIP: 'fd00::1',
      DstIP: 'fd00::2',
      SrcPort: 1,
    });
  });

  it('prefers what was given, and what Neutron and OVS know', () => {
    const given = {
      SrcIP: '10.0.0.9/24',
      DstIP: '10.0.0.8',
      SrcMAC: '02:00:00:00:00:09',
      DstMAC: '02:00:00:00:00:08',
    };
    expect(specOf(request(given))).toMatchObject({ ...given, SrcIP: '10.0.0.9' });
    const port = node('tap', {
      EncapType: 'ether',
      MAC: SRC_MAC,
      IPV4: ['10.0.0.1/24'],
      Neutron: { IPV4: ['10.5.0.1/24'] },
      ExtID: { 'attached-mac': '02:00:00:00:00:55' },
    });
    expect(specOf(request(), port)).toMatchObject({ SrcIP: '10.5.0.1', SrcMAC: '02:00:00:00:00:55' });
  });

  it('numbers ids and ports by node, from the given one', () => {
    const ids = [0, 1, 2].map(
      (order) => specOf(request({ ICMPID: 65_534 }), source, destination, order).ICMPID,
    );
    expect(ids).toEqual([65_534, 65_535, 1]);
    expect(specOf(request({ Type: 'tcp4' }), source, destination, 2)).toMatchObject({
      SrcPort: 3,
      DstPort: 1_024,
    });
    expect(specOf(request({ Type: 'udp4' }))).toMatchObject({ SrcPort: 1, DstPort: 0 });
  });

  it('sends to the next hop that the source knows', () => {
    const far = node('far', { MAC: '02:00:00:00:00:77', IPV4: ['10.9.0.1/24'] });
    const withGateway = { ...source, metadata: { ...source.metadata, ...routes('10.0.0.254') } };
    const knowing = {
      ...withGateway,
      metadata: { ...withGateway.metadata, Neighbors: [{ IP: '10.0.0.254', MAC: GATEWAY_MAC }] },
    };
    expect(specOf(request(), knowing, far).DstMAC).toBe(GATEWAY_MAC);
    // Not among the neighbours yet, but a node of the graph.
    const graph = { ...world, macOfAddress: (ip: string) => (ip === '10.0.0.254' ? GATEWAY_MAC : undefined) };
    expect(specOf(request(), withGateway, far, 0, graph).DstMAC).toBe(GATEWAY_MAC);
    // Sent to the far node's own MAC it would be lost without a word.
    expect(plan(request(), withGateway, far)).toEqual({
      ok: false,
      text: 'Failed to resolve destination MAC address',
    });
    expect(specOf(request(), withGateway, destination).DstMAC).toBe(DST_MAC);
  });

  it.each([
    ['No source IP in node', node('x', { EncapType: 'ether', MAC: SRC_MAC }), destination],
    ['No destination node and IP', source, undefined],
    ['No destination IP in node', source, node('x', { MAC: DST_MAC })],
    ['No source MAC in node', node('x', { EncapType: 'ether', IPV4: ['10.0.0.1/24'] }), destination],
    ['Failed to resolve destination MAC address', source, node('x', { IPV4: ['10.0.0.2/24'] })],
  ])('says %s', (text, from, to) => {
    expect(planInjection('u', request(), from, to, 0, world)).toEqual({ ok: false, text });
  });

  it('needs no MAC where there is no link header', () => {
    const tun = node('tun', { EncapType: 'none', IPV4: ['10.0.0.1/24'] });
    expect(specOf(request(), tun, node('x', { IPV4: ['10.0.0.2/24'] }))).toMatchObject({
      SrcMAC: '',
      DstMAC: '',
    });
  });
});

describe('progress', () => {
  const task = (NodeID: string) =>
    ({ NodeID, Host: 'h', State: 'pending', PacketCount: 0, dueMs: 1_000 }) as const;
  const injection = { ...request(), UUID: 'u', Tasks: [task('a'), task('b')] };
  const report = (nodeId: string, state: 'active' | 'done' | 'error', packets: number, error = '') =>
    ({ uuid: 'u', nodeId, state, packets, error }) as const;

  it('adds up what the nodes say', () => {
    expect(progressOf(injection, 0)).toEqual({ State: 'pending', PacketCount: 0 });
    const running = withReport(injection, report('a', 'active', 3), 'h', 0);
    expect(progressOf(running, 0)).toEqual({ State: 'active', PacketCount: 3 });
    const ended = withReport(
      withReport(running, report('a', 'done', 5), 'h', 0),
      report('b', 'error', 1, 'down'),
      'h',
      0,
    );
    expect(progressOf(ended, 0)).toEqual({ State: 'error', PacketCount: 6, Error: 'node b of h: down' });
  });

  it('lets nobody report for another host, and nothing after the end', () => {
    expect(withReport(injection, report('a', 'done', 5), 'other', 0)).toBe(injection);
    const ended = withReport(injection, report('a', 'done', 5), 'h', 0);
    expect(withReport(ended, report('a', 'active', 1), 'h', 0)).toBe(ended);
  });

  it('takes silence for the end of a task', () => {
    expect(progressOf(injection, 1_001)).toMatchObject({
      State: 'error',
      Error: expect.stringContaining('no word') as string,
    });
  });
});
