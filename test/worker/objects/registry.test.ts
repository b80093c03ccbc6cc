/** The Registry object: captures outlive the object, end in time, and Topology learns of every change. */
import { abortAllDurableObjects, evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { duplicateKey, type CaptureRequest } from '../../../core/capture/validate.ts';
import { limits } from '../../../core/limits.ts';
import { registryOf, resourcesOf, topologyOf } from '../../../worker/objects/stubs.ts';

const request = (GremlinQuery: string): CaptureRequest => ({
  GremlinQuery,
  SamplingRate: 0,
  PollingInterval: 0,
  ExtraTCPMetric: false,
  IPDefrag: false,
  ReassembleTCP: false,
});
const captures = () => resourcesOf(env, 'capture');
async function create(query: string, ttlMs?: number): Promise<string> {
  const asked = request(query);
  const options = { duplicateKey: duplicateKey(asked), ttlMs };
  return (await captures().create({ ...asked, Count: 0 }, options)).UUID;
}
const ids = async (): Promise<string[]> => (await captures().list()).map((capture) => capture.UUID);
const topologyHas = async (): Promise<number> => (await topologyOf(env).status()).captures;

beforeEach(async () => {
  await reset();
});

describe('captures', () => {
  test('come back in the order of creation', async () => {
    const made = [await create('G.V().Has("a")'), await create('G.V().Has("b")'), await create('G.V()')];
    expect(await ids()).toEqual(made);
  });

  test('outlive the object', async () => {
    const id = await create('G.V()');
    await evictDurableObject(registryOf(env));
    expect(await ids()).toEqual([id]);
    await abortAllDurableObjects();
    expect(await ids()).toEqual([id]);
    await expect(create('G.V()')).rejects.toMatchObject({ code: 'duplicateResource' });
  });

  test('beyond resourcesMax are refused with 507', async () => {
    await runInDurableObject(registryOf(env), (_registry, state) => {
      state.storage.transactionSync(() => {
        for (let i = 0; i < limits.resourcesMax; i++)
          state.storage.sql.exec(
            "INSERT INTO resource (kind, id, body, duplicate_key) VALUES ('capture', ?, '{}', ?)",
            `id${i}`,
            `key${i}`,
          );
      });
    });
    await expect(create('G.V()')).rejects.toMatchObject({ code: 'registryFull' });
  });
});

describe('time to live', () => {
  test('removes the capture by alarm, and Topology learns it', async () => {
    await create('G.V()', 200);
    expect(await topologyHas()).toBe(1);
    await scheduler.wait(500);
    await expect.poll(topologyHas).toBe(0);
    const { counters, expiring } = await registryOf(env).status();
    expect([counters.expired, expiring]).toEqual([1, 0]);
  });

  test('holds over an eviction', async () => {
    await create('G.V()', 300);
    const kept = await create('G.V().Has("a")', 60_000);
    await evictDurableObject(registryOf(env));
    await scheduler.wait(500);
    expect(await ids()).toEqual([kept]);
  });

  test('of an earlier end wins over a later alarm', async () => {
    await create('G.V().Has("a")', 60_000);
    await create('G.V()', 200);
    await scheduler.wait(500);
    await expect.poll(topologyHas).toBe(1);
  });
});

describe('Topology', () => {
  test('knows every change when the call returns', async () => {
    const id = await create('G.V()');
    expect(await topologyHas()).toBe(1);
    await create('G.V().Has("a")');
    expect(await topologyHas()).toBe(2);
    expect(await captures().delete(id)).toBe(true);
    expect(await topologyHas()).toBe(1);
    expect(await captures().delete(id)).toBe(false);
  });

  test('knows many changes made at once', async () => {
    await Promise.all(Array.from({ length: 20 }, async (_, i) => create(`G.V().Has("${i}")`)));
    expect(await topologyHas()).toBe(20);
    expect((await registryOf(env).status()).told).toBe(true);
  });

  test('is told on waking what was written but not told', async () => {
    await create('G.V()');
    // As after a crash between writing and telling.
    await runInDurableObject(registryOf(env), (_registry, state) => {
      state.storage.sql.exec("UPDATE resource SET duplicate_key = 'x', id = 'other'");
      state.storage.sql.exec("UPDATE meta SET value = value + 1 WHERE key = 'changes'");
    });
    expect((await registryOf(env).status()).told).toBe(false);
    await evictDurableObject(registryOf(env));
    await expect.poll(async () => (await registryOf(env).status()).told).toBe(true);
  });
});

describe('schema', () => {
  test('newer than this program is refused, not written to', async () => {
    await create('G.V()');
    await runInDurableObject(registryOf(env), (_registry, state) => {
      state.storage.sql.exec("UPDATE meta SET value = '999' WHERE key = 'schema'");
    });
    await evictDurableObject(registryOf(env));
    await expect(ids()).rejects.toThrow(/schema 999/);
  });
});
