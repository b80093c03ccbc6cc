/** Messages of the namespace Graph as they come, and what clients ask for at the upgrade (WebSocket notes, 2, 6, 7, 15). */
import { describe, expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { MessageFault, readGraphMessage } from '../../../core/wire/graph-messages.ts';
import { readGraphSubscription, wantsNamespace } from '../../../core/wire/graph-subscription.ts';

const read = (type: string, obj: unknown, bytes = 100) => readGraphMessage(type, obj, bytes);

describe('readGraphMessage', () => {
  test('a node keeps what it was given and nothing it was not', () => {
    const obj = {
      ID: 'a',
      Metadata: { Name: 'a' },
      Host: 'h',
      Origin: 'somebody',
      CreatedAt: 5,
      UpdatedAt: 0,
      DeletedAt: null,
    };
    const given = { id: 'a', metadata: { Name: 'a' }, host: 'h', createdAt: 5 };
    const absent = { updatedAt: undefined, deletedAt: undefined, revision: undefined };
    expect(read('NodeAdded', obj)).toEqual({
      kind: 'change',
      change: { kind: 'addNode', node: { ...given, ...absent } },
    });
    expect(read('NodeUpdated', { ID: 'a', Revision: 0 })).toMatchObject({
      change: { kind: 'updateNode', node: { revision: 0, metadata: {} } },
    });
  });

  test('operations become ours, in order', () => {
    const Ops = [
      { Type: 1, Key: 'State', Value: 'UP' },
      { Type: 2, Key: 'a.b', Value: null },
      { Type: 1, Key: 'None' },
    ];
    expect(read('EdgePartiallyUpdated', { ID: 'e', UpdatedAt: 7, Revision: 4, Ops })).toEqual({
      kind: 'change',
      change: {
        kind: 'patchEdge',
        ops: {
          id: 'e',
          updatedAt: 7,
          revision: 4,
          ops: [
            { kind: 'set', key: 'State', value: 'UP' },
            { kind: 'delete', key: 'a.b' },
            { kind: 'set', key: 'None', value: null },
          ],
        },
      },
    });
  });

  test.each<[unknown, unknown]>([
    [null, { timeMs: undefined, filter: undefined }],
    [{}, { timeMs: undefined, filter: undefined }],
    [
      { TimeSlice: null, TimePoint: false, GremlinFilter: null },
      { timeMs: undefined, filter: undefined },
    ],
    [
      { Time: 5, GremlinFilter: '' },
      { timeMs: 5, filter: '' },
    ],
  ])('SyncRequest %j', (obj, request) => {
    expect(read('SyncRequest', obj)).toEqual({ kind: 'syncRequest', ...(request as object) });
  });

  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  test.each<[string, unknown, RegExp]>([
    ['Nonsense', {}, /unknown message type 'Nonsense'/],
    ['toString', {}, /unknown message type/],
    ['NodeAdded', 5, /Obj is not an object/],
    ['NodeAdded', {}, /No ID found for graph element/],
    ['NodeAdded', { ID: '' }, /No ID found/],
    ['NodeAdded', { ID: 'a', Metadata: [] }, /Metadata is not an object/],
    ['NodeAdded', { ID: 'a', Metadata: deep(limits.metadataDepthMax + 1) }, /nests deeper/],
    ['NodeAdded', { ID: 'a', Host: 5 }, /Host is not a text/],
    ['NodeAdded', { ID: 'a', Host: 'h'.repeat(300) }, /Host is longer than 255/],
    ['NodeAdded', { ID: 'a', CreatedAt: 1.5 }, /CreatedAt is not a number of milliseconds/],
    ['NodeAdded', { ID: 'a', Revision: 'x' }, /Revision is not a number/],
    ['EdgeAdded', { ID: 'e', Child: 'b' }, /parent ID wrong format/],
    ['EdgeAdded', { ID: 'e', Parent: 'a' }, /child ID wrong format/],
    ['NodePartiallyUpdated', { ID: 'a', Ops: 5 }, /Ops is not a list/],
    ['NodePartiallyUpdated', { ID: 'a', Ops: [{ Type: 3, Key: 'k' }] }, /unknown operation type 3/],
    ['NodePartiallyUpdated', { ID: 'a', Ops: [{ Type: 1 }] }, /has no Key/],
    ['NodePartiallyUpdated', { ID: 'a', Ops: [{ Type: 1, Key: 'a.'.repeat(100) }] }, /nests deeper/],
    ['Sync', { Nodes: {} }, /Nodes is not a list/],
    ['SyncRequest', 5, /Obj is not an object/],
    ['SyncRequest', { Time: 'x' }, /Time is not a number/],
    ['SyncRequest', { GremlinFilter: 5 }, /GremlinFilter is not a text/],
    ['SyncRequest', { GremlinFilter: 'x'.repeat(limits.graphFilterCharsMax + 1) }, /longer than/],
  ])('%s %j is refused in words', (type, obj, text) => {
    expect(() => read(type, obj)).toThrow(MessageFault);
    expect(() => read(type, obj)).toThrow(text);
  });

  test('elements of a large message are measured', () => {
    const Metadata = { Text: 'é'.repeat(limits.elementBytesMax / 2) };
    const bytes = limits.elementBytesMax + 100;
    expect(() => read('Sync', { Nodes: [{ ID: 'a', Metadata }] }, bytes)).toThrow(/more than \d+ bytes/);
    expect(() => read('Sync', { Nodes: [{ ID: 'a', Metadata: { Text: 'é' } }] }, bytes)).not.toThrow();
  });
});

describe('readGraphSubscription', () => {
  const from = (headers: Record<string, string>) => (name: string) =>
    headers[name] === undefined ? [] : [headers[name]];
  const base = { 'X-Client-Type': 't' };

  test('policies in any case, and only where they mean something', () => {
    const headers = {
      ...base,
      'X-Update-Policy': 'PARTIAL',
      'X-Persistence-Policy': 'deleteOnDisconnect',
      'X-Gremlin-Filter': 'G',
    };
    expect(readGraphSubscription('pubsub', from(headers))).toMatchObject({
      policy: 'partial',
      deletesOnDisconnect: true,
      filter: 'G',
    });
    expect(readGraphSubscription('publisher', from(headers))).toMatchObject({ policy: 'full', filter: '' });
    expect(readGraphSubscription('subscriber', from(headers))).toMatchObject({ deletesOnDisconnect: false });
    // Recorded: a policy that nobody knows means the default.
    expect(
      readGraphSubscription('publisher', from({ ...base, 'X-Persistence-Policy': 'bogus' })),
    ).toMatchObject({ deletesOnDisconnect: false });
  });

  test('namespaces: none and * are all', () => {
    const wanted = (value: string | undefined) => {
      const more: Record<string, string> = value === undefined ? {} : { 'X-Websocket-Namespace': value };
      const subscription = readGraphSubscription('subscriber', from({ ...base, ...more }));
      if ('refused' in subscription) throw new Error(subscription.refused);
      return ['Graph', 'Alert'].filter((name) => wantsNamespace(subscription, name));
    };
    expect(wanted(undefined)).toEqual(['Graph', 'Alert']);
    expect(wanted('Alert, *')).toEqual(['Graph', 'Alert']);
    expect(wanted('Alert')).toEqual(['Alert']);
  });
});
