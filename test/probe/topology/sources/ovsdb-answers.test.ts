/** What the Open vSwitch source makes of a database's messages, those among them that none should send. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../../core/graph/element.ts';
import { OvsdbSource } from '../../../../probe/topology/sources/ovsdb.ts';
import { COLUMNS } from '../../../../probe/topology/sources/ovsdb-tables.ts';
import { JsonStream } from '../../../../probe/topology/sources/json-stream.ts';
import { eventually } from '../live.ts';
import { fakeHost, type FakeHost } from './fake-host.ts';

type Message = { method?: string; id?: Json; params?: Json[]; result?: Json };

const SCHEMA = {
  name: 'Open_vSwitch',
  tables: Object.fromEntries(
    Object.entries(COLUMNS).map(([table, columns]) => [
      table,
      { columns: Object.fromEntries(columns.map((column) => [column, { type: 'string' }])) },
    ]),
  ),
};
const bridge = (name: string): Json => ({ new: { name, ports: ['set', []], external_ids: ['map', []] } });

describe('OvsdbSource', () => {
  let folder: string;
  let server: Server;
  let stop: AbortController;
  let host: FakeHost;
  let source: OvsdbSource;
  let got: Message[];
  let socket: Socket | undefined;
  /** Answers to methods; a function may answer with several messages. */
  let answers: Record<string, (id: Json) => unknown[]>;

  const follow = async (): Promise<string> => {
    try {
      await source.follow(host, stop.signal);
      return 'returned';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const write = (...messages: unknown[]): void =>
    void socket!.write(
      messages.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(''),
    );
  const names = (): unknown[] => host.pictures.at(-1)?.nodes.map(({ metadata }) => metadata['Name']) ?? [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edgedive-ovsdb-'));
    got = [];
    answers = {
      get_schema: (id) => [{ id, result: SCHEMA, error: null }],
      monitor: (id) => [{ id, result: { Bridge: { u1: bridge('br-a') } }, error: null }],
    };
    server = createServer((connection) => {
      socket = connection;
      const stream = new JsonStream();
      connection.on('error', () => {});
      connection.on('data', (part) => {
        for (const message of stream.push(part) as unknown as Message[]) {
          got.push(message);
          if (message.method !== undefined) write(...(answers[message.method]?.(message.id ?? null) ?? []));
        }
      });
    });
    await new Promise<void>((resolve) => void server.listen(join(folder, 'socket'), resolve));
    stop = new AbortController();
    host = fakeHost();
    source = new OvsdbSource(join(folder, 'socket'));
  });
  afterEach(() => {
    stop.abort();
    socket?.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('asks only for columns that the schema has', async () => {
    const { Port, ...tables } = SCHEMA.tables;
    const { lacp, ...columns } = Port!.columns;
    expect(lacp).toBeDefined();
    answers['get_schema'] = (id) => [{ id, result: { tables: { ...tables, Port: { columns } } } }];
    void follow();
    await eventually(() => expect(names()).toEqual(['br-a']));
    const request = got.find(({ method }) => method === 'monitor')?.params?.[2] as typeof SCHEMA.tables;
    expect(request['Port']?.columns).not.toContain('lacp');
    expect(request['Port']?.columns).toContain('bond_mode');
  });

  it('keeps the order of an answer and the update behind it in one part', async () => {
    answers['monitor'] = (id) => [
      { id, result: { Bridge: { u1: bridge('br-a'), u2: bridge('br-b') } }, error: null },
      {
        method: 'update',
        params: ['edgedive', { Bridge: { u1: { old: {} }, u2: bridge('br-c') } }],
        id: null,
      },
    ];
    void follow();
    await eventually(() => expect(names()).toEqual(['br-c']));
  });

  it('answers echoes', async () => {
    void follow();
    await eventually(() => expect(names()).toEqual(['br-a']));
    write({ method: 'echo', params: ['x'], id: 'e1' });
    await eventually(() => expect(got).toContainEqual({ id: 'e1', result: ['x'], error: null }));
  });

  it('passes over what it does not know, of whatever type', async () => {
    void follow();
    await eventually(() => expect(names()).toEqual(['br-a']));
    const updates = [null, 7, [], { Bridge: 7 }, { Bridge: { u9: 7 } }, { Flow: { u: bridge('x') } }];
    for (const update of updates) write({ method: 'update', params: ['edgedive', update], id: null });
    write({ method: 'update' }, { method: 'what' }, {}, [], { id: 77, result: {} });
    const odd = {
      name: 7,
      ports: ['set', [['uuid', 'p'], 'x', ['uuid']]],
      external_ids: ['map', [['a'], 7, ['k', 1]]],
    };
    write({
      method: 'update',
      params: ['', { Bridge: { u2: { new: odd } }, Port: { p: { new: { name: 'po' } } } }],
    });
    await eventually(() =>
      expect(names()).toEqual(['br-a', 'u9', 'u2', 'po'].filter((name) => names().includes(name))),
    );
    await eventually(() => expect(names()).toContain('po'));
    expect(host.metadataOf('u2')).toMatchObject({ Type: 'ovsbridge', UUID: 'u2' });
  });

  it.each([
    ['garbage', 'hello', 'no JSON object: byte 0x68'],
    ['broken JSON', '{"id":}', 'no JSON: {"id":}'],
  ])('throws at %s', async (_what, text, expected) => {
    answers['get_schema'] = () => [text];
    expect(await follow()).toBe(expected);
  });

  it('throws with the reason of a refusal', async () => {
    const error = { error: 'unknown database', details: 'no Open_vSwitch here' };
    answers['get_schema'] = (id) => [{ id, result: null, error }];
    expect(await follow()).toBe('refused: unknown database: no Open_vSwitch here');
  });

  it('throws when the database is another', async () => {
    answers['get_schema'] = (id) => [
      { id, result: { tables: { Logical_Switch: { columns: {} } } }, error: null },
    ];
    expect(await follow()).toBe('its Open_vSwitch has no bridges');
  });

  it('throws when a message does not end', async () => {
    answers['get_schema'] = () => {
      const part = `{"a":"${'x'.repeat(1_048_576)}`;
      const more = (): void => {
        while (socket!.writable && socket!.write(part));
      };
      socket!.on('drain', more);
      more();
      return [];
    };
    expect(await follow()).toBe('a message of more than 67108864 bytes');
  });

  it('throws when the database ends the connection, also in the middle', async () => {
    answers['monitor'] = () => {
      socket!.destroy();
      return [];
    };
    expect(await follow()).toBe('the database ended the connection');
  });

  it('throws when nobody listens', async () => {
    server.close();
    expect(await new OvsdbSource(join(folder, 'none')).follow(host, stop.signal).catch(String)).toContain(
      'ENOENT',
    );
  });
});
