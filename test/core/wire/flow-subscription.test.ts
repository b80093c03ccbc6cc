/** What a flow subscriber may ask for at the upgrade (WebSocket notes, sections 2, 11 and 15). */
import { describe, expect, test } from 'vitest';
import { readFlowSubscription } from '../../../core/wire/flow-subscription.ts';

const ask = (values: Readonly<Record<string, string | readonly string[]>>) =>
  readFlowSubscription((name) => {
    const value = { 'X-Client-Type': 't', ...values }[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  });

describe('readFlowSubscription', () => {
  test('the default is JSON, all flows once, and statistics', () => {
    expect(ask({})).toEqual({
      hostId: '',
      clientType: 't',
      protocol: 'json',
      encoding: 'json',
      flows: true,
      stats: true,
      captures: [],
      filter: '',
      resume: '',
    });
  });

  test.each<[string | string[], object]>([
    ['flow', { flows: true, stats: false, captures: [] }],
    ['stats', { flows: false, stats: true, captures: [] }],
    ['*', { flows: true, stats: true, captures: [] }],
    ['flow/X', { flows: false, stats: false, captures: ['X'] }],
    ['flow/', { flows: false, stats: false, captures: [''] }],
    ['flow,flow/X', { flows: true, stats: false, captures: ['X'] }],
    [' flow , stats ,', { flows: true, stats: true, captures: [] }],
    [['flow/X', 'flow/Y', 'flow/X'], { flows: false, stats: false, captures: ['X', 'Y'] }],
    ['Graph', { flows: false, stats: false, captures: [] }],
  ])('namespaces %j', (namespaces, wanted) => {
    expect(ask({ 'X-Websocket-Namespace': namespaces })).toMatchObject(wanted);
  });

  test('protobuf is JSON in an envelope unless X-Flow-Format says more', () => {
    expect(ask({ 'X-Client-Protocol': 'protobuf' })).toMatchObject({
      protocol: 'protobuf',
      encoding: 'jsonInProtobuf',
    });
    expect(ask({ 'X-Client-Protocol': 'protobuf', 'X-Flow-Format': 'protobuf' })).toMatchObject({
      encoding: 'protobuf',
    });
  });

  test.each<[string, Record<string, string>]>([
    ['no client type', { 'X-Client-Type': '' }],
    ['an unknown protocol', { 'X-Client-Protocol': 'xml' }],
    ['a protocol in capitals', { 'X-Client-Protocol': 'Protobuf' }],
    ['an unknown format', { 'X-Flow-Format': 'avro' }],
    ['protobuf flows without the protocol', { 'X-Flow-Format': 'protobuf' }],
    [
      'too many namespaces',
      { 'X-Websocket-Namespace': Array.from({ length: 17 }, (_, n) => `flow/${n}`).join(',') },
    ],
    ['a namespace that is too long', { 'X-Websocket-Namespace': `flow/${'x'.repeat(100)}` }],
    ['a filter that is too long', { 'X-Gremlin-Filter': 'G'.repeat(1_000) }],
    ['a host id that is too long', { 'X-Host-ID': 'h'.repeat(300) }],
  ])('refuses %s with a text', (_what, values) => {
    expect(ask(values)).toEqual({ refused: expect.stringMatching(/./) as string });
  });
});
