import { describe, expect, test } from 'vitest';
import type { AnalyzerStatus } from '../../../../core/api/operations.ts';
import { auditQuery, outcomeText } from '../../../../ui/model/manage/audit.ts';
import { standingOf } from '../../../../ui/model/manage/standing.ts';
import { tokenStanding } from '../../../../ui/model/manage/token-standing.ts';

const status = (Edgedive: object): AnalyzerStatus => ({ Edgedive }) as unknown as AnalyzerStatus;

describe('standingOf', () => {
  test('gathers what is wrong with alerts, their actions and rules, and when alerts fired', () => {
    const { faults, firedMs } = standingOf(
      status({
        Topology: { alertFaults: { a: 'no' }, ruleFaults: { r: 'too many' }, alertFiredMs: { b: 5 } },
        Registry: { webhooks: { waiting: 1, faults: { b: 'answered 500' } } },
      }),
    );
    expect(Object.fromEntries(faults)).toEqual({
      a: 'no',
      r: 'too many',
      b: 'its action is not told: answered 500',
    });
    expect(firedMs.get('b')).toBe(5);
  });

  test('says how many nodes a rule reaches', () => {
    const { reach } = standingOf(
      status({ Topology: { ruleReach: { n: { Query: 1 }, e: { Src: 2, Dst: 0 } } } }),
    );
    expect(Object.fromEntries(reach)).toEqual({ n: 'on 1 node', e: 'from 2 nodes to 0 nodes' });
  });

  test('knows nothing of what does not answer', () => {
    const { faults, firedMs } = standingOf(status({ Topology: { error: 'away' } }));
    expect([faults.size, firedMs.size]).toEqual([0, 0]);
  });
});

describe('tokenStanding', () => {
  const at = (ms: number): string => new Date(ms).toISOString();

  test('has ended at its end, not before', () => {
    const token = { ExpiresAt: at(1_000), LastUsedAt: at(5) };
    expect(tokenStanding(token, 999)).toEqual({ hasEnded: false, endsAt: at(1_000), usedAt: at(5) });
    expect(tokenStanding(token, 1_000).hasEnded).toBe(true);
  });

  test('never ends without an end', () => {
    expect(tokenStanding({ ExpiresAt: null, LastUsedAt: null }, 1e15)).toEqual({
      hasEnded: false,
      endsAt: undefined,
      usedAt: undefined,
    });
  });
});

describe('the audit trail', () => {
  test('is asked for what is wanted, and from where the page before ended', () => {
    expect(auditQuery({ user: 'ann', object: '', since: '1h' }, '')).toEqual({
      user: 'ann',
      since: '1h',
      limit: '50',
    });
    expect(auditQuery({}, '17')).toEqual({ after: '17', limit: '50' });
  });

  test('tells how each ended', () => {
    expect([0, 201, 403, 404].map(outcomeText)).toEqual([
      'not known yet',
      'done',
      'refused (403)',
      'failed (404)',
    ]);
  });
});
