/** Schemas of the objects: a program never writes into tables that it does not know. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { migrate } from '../../../worker/store/migrations.ts';
import { hubsOf, shardsOf, topologyOf } from '../../../worker/objects/stubs.ts';

describe('migrate', () => {
  test('runs what is missing, once, in order, and all or nothing', async () => {
    await runInDurableObject(env.FLOW_HUB.getByName('migrations'), (_object, state) => {
      const { sql } = state.storage;
      sql.exec('DELETE FROM meta');
      const runs: string[] = [];
      const first = (): void => void runs.push('first');
      const second = (): void => void runs.push('second');
      const fails = (): void => {
        sql.exec('CREATE TABLE half (a)');
        throw new Error('third fails');
      };
      migrate(state.storage, { name: 'test', migrations: [first] });
      migrate(state.storage, { name: 'test', migrations: [first, second] });
      migrate(state.storage, { name: 'test', migrations: [first, second] });
      expect(runs).toEqual(['first', 'second']);
      expect(() => migrate(state.storage, { name: 'test', migrations: [first, second, fails] })).toThrow(
        'third fails',
      );
      expect(() => sql.exec('SELECT * FROM half')).toThrow(/no such table/);
      expect(() => migrate(state.storage, { name: 'test', migrations: [first] })).toThrow(
        'test has schema 2, this program knows 1: update the program',
      );
    });
  });

  test.each([
    ['Topology', () => topologyOf(env)],
    ['FlowShard', () => shardsOf(env)[0]!],
    ['FlowHub', () => hubsOf(env)[0]!],
  ])('%s refuses every request on the storage of a newer program', async (name, stub) => {
    await stub().status();
    await runInDurableObject(stub() as DurableObjectStub, (_object, state) => {
      state.storage.sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', '99')");
    });
    await evictDurableObject(stub());
    await expect(stub().fetch('http://object/')).rejects.toThrow(`${name} has schema 99`);
  });
});
