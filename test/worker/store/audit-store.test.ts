/** How long, and how much, of the audit trail is kept. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { limits } from '../../../core/limits.ts';
import { AuditStore, type AuditEntry } from '../../../worker/store/audit-store.ts';

const entry = (timeMs: number): AuditEntry => ({
  timeMs,
  name: 'n',
  kind: 'user',
  address: '',
  method: 'POST',
  path: '/',
  object: 'capture',
  action: 'write',
  status: 0,
  requestId: 'r',
});
const all = { sinceMs: 0, untilMs: 1e15, user: '', object: '', limit: 10_000, before: 0 };
let objects = 0;
const withStore = (check: (store: AuditStore) => void) =>
  runInDurableObject(env.REGISTRY.getByName(`audit-store-${objects++}`), (_, state) =>
    check(new AuditStore(state.storage)),
  );
const times = (store: AuditStore) => store.find(all).entries.map(({ timeMs }) => timeMs);

test('the newest stay', () =>
  withStore((store) => {
    store.prune(3, 0);
    store.add([1, 2, 3, 4, 5].map(entry));
    store.prune(3, 0);
    expect([times(store), store.size]).toEqual([[5, 4, 3], 3]);
    store.prune(1, 0);
    expect([times(store), store.size]).toEqual([[5], 1]);
  }));

test('what is too old goes, a bounded number at once', () =>
  withStore((store) => {
    store.add([1, 2, 9, 3, 10].map(entry));
    store.prune(100, 5);
    expect(times(store)).toEqual([10, 3, 9]);
    store.prune(100, 50);
    expect([times(store), store.size]).toEqual([[], 0]);
    store.add(Array.from({ length: limits.auditPrunedMax + 10 }, () => entry(1)));
    store.prune(1_000_000, 50);
    expect(store.size).toBe(10);
  }));

test('an outcome belongs to its entry; one of an entry that is gone is nobody’s', () =>
  withStore((store) => {
    const [first, second] = [store.add([entry(1)]), store.add([entry(2)])];
    store.end([
      { seq: second, status: 201 },
      { seq: 999, status: 500 },
    ]);
    expect(store.find(all).entries.map(({ status }) => status)).toEqual([201, 0]);
    expect(second).toBeGreaterThan(first);
  }));
