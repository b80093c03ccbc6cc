import { describe, expect, it } from 'vitest';
import type { Json } from '../../../core/graph/element.ts';
import { isIpAddress, parseIp, parsePrefix, prefixContains } from '../../../core/gremlin/ip.ts';
import { toInteger } from '../../../core/gremlin/values.ts';
import { contextOf, graphOf, ids, json, node } from './world.ts';

describe('toInteger', () => {
  // Gremlin notes, section 6.2; the texts as Go's strconv.ParseInt reads them with base 0.
  it.each<[Json, number | undefined]>([
    [7, 7],
    [1.75, 1],
    [-1.75, -1],
    [true, 1],
    [false, 0],
    [null, 0],
    ['5', 5],
    ['-5', -5],
    ['+5', 5],
    ['0x10', 16],
    ['0b101', 5],
    ['0o17', 15],
    ['010', 8],
    ['08', undefined],
    ['1_000', 1000],
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['0x_1f', 31],
    ['7.0', 7],
    ['7.00', 7],
    ['7.5', undefined],
    ['7.', undefined],
    ['', undefined],
    [' 5', undefined],
    ['1e3', undefined],
    ['9223372036854775808', undefined],
    ['eth0', undefined],
    [[], undefined],
    [{}, undefined],
  ])('of %j is %j', (value, integer) => {
    expect(toInteger(value)).toBe(integer);
  });
});

describe('addresses', () => {
  it.each(['10.0.0.1', '::', '::1', 'fe80::1', '2001:db8::1.2.3.4', '1:2:3:4:5:6:7:8'])(
    '%s is one',
    (text) => {
      expect(isIpAddress(text)).toBe(true);
    },
  );

  it.each([
    '',
    '10.0.0',
    '10.0.0.01',
    '10.0.0.256',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
  ])('%j is none', (text) => {
    expect(isIpAddress(text)).toBe(false);
  });

  it('an IPv4 address in IPv6 form is the IPv4 address', () => {
    expect(parseIp('::ffff:10.0.0.1')).toEqual(parseIp('10.0.0.1'));
  });

  it('a prefix contains what begins with its bits, of its own family', () => {
    const prefix = parsePrefix('10.1.0.0/15')!;
    expect(prefixContains(prefix, parseIp('10.0.255.1')!)).toBe(true);
    expect(prefixContains(prefix, parseIp('10.2.0.1')!)).toBe(false);
    expect(prefixContains(parsePrefix('::/0')!, parseIp('10.0.0.1')!)).toBe(false);
    expect([parsePrefix('10.0.0.0/33'), parsePrefix('10.0.0.0'), parsePrefix('x/8')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('keys', () => {
  const context = contextOf(
    graphOf([
      node('typed', {
        Metric: { RxBytes: 1 },
        Ovs: { Options: { peer: 'p' } },
        RoutingTables: [{ ID: 254, Routes: [{ Prefix: '10.0.0.0/8' }, { Prefix: '::/0' }] }],
        Captures: [{ ID: 'c1' }, { ID: 'c2', Error: 'e' }],
      }),
      node('plain', { 'dotted.key': 1, constructor: 'own', Objs: [{ K: 1 }, { K: { L: 2 } }], Text: 'x' }),
    ]),
  );

  it.each([
    ["Has('Metric.RxErrors', 0)", ['typed']],
    ["HasKey('Metric.Nope')", []],
    ["Has('Captures.Error', '')", ['typed']],
    ["HasKey('Captures.Nope')", []],
    ["Has('RoutingTables.Routes.Prefix', '::/0')", ['typed']],
    ["Has('RoutingTables.Routes.Protocol', 0)", ['typed']],
    ["Has('Ovs.Options.peer', 'p')", ['typed']],
    ["Has('Ovs.Version', '')", ['typed']],
    ["Has('dotted.key', 1)", ['plain']],
    ["Has('constructor', 'own')", ['plain']],
    ["HasKey('toString')", []],
    ["Has('Objs.K', 1)", ['plain']],
    ["HasKey('Objs.Nope')", ['plain']],
    ["HasKey('Text.Nope')", []],
    ["Has('Metadata.Text', 'x')", ['plain']],
  ])('%s finds %j', async (filter, found) => {
    expect(await ids(context, `G.V().${filter}`)).toEqual(found);
  });

  it('are declared names for metadata with a structure, and paths for the rest', async () => {
    expect(await json(context, "G.V('typed').Keys()")).toEqual(
      expect.arrayContaining(['Metric.TxBytes', 'Ovs.Options', 'RoutingTables.Routes', 'Captures.State']),
    );
    expect(await json(context, "G.V('plain').Keys()")).not.toContain('Objs.K');
  });
});
