import { describe, expect, test } from 'vitest';
import { applyPatch, PatchError } from '../../../../core/wire/json-patch.ts';
import { changesOf, conflictsOf, rebased } from '../../../../ui/model/manage/changes.ts';

const before = { Name: 'a', Trigger: '', Action: 'http://x/', UUID: '1' };

describe('changesOf', () => {
  test('tests what it replaces, and touches nothing else', () => {
    const patch = changesOf(before, { Name: 'b', Trigger: '', Action: 'http://x/' });
    expect(patch).toEqual([
      { op: 'test', path: '/Name', value: 'a' },
      { op: 'replace', path: '/Name', value: 'b' },
    ]);
    expect(applyPatch({ ...before, Action: 'http://other/' }, patch)).toEqual({
      ...before,
      Name: 'b',
      Action: 'http://other/',
    });
    expect(() => applyPatch({ ...before, Name: 'c' }, patch)).toThrow(PatchError);
  });

  test('is nothing when nothing differs, absent and null being the same', () => {
    expect(changesOf({ Metadata: { a: [1] } }, { Metadata: { a: [1] }, Values: null })).toEqual([]);
  });

  test('adds what was absent, and escapes names', () => {
    const patch = changesOf({}, { 'a/b~c': 1 });
    expect(applyPatch({}, patch)).toEqual({ 'a/b~c': 1 });
  });
});

describe('after somebody else wrote', () => {
  const mine = { ...before, Name: 'b', Action: 'http://mine/' };

  test('only what both changed to different things is a conflict', () => {
    expect(conflictsOf(before, { ...before, Trigger: 'graph' }, mine)).toEqual([]);
    expect(conflictsOf(before, { ...before, Name: 'b' }, mine)).toEqual([]);
    expect(conflictsOf(before, { ...before, Name: 'c', Action: 'http://mine/' }, mine)).toEqual(['Name']);
  });

  test('saving again replaces what was told, and keeps what only they changed', () => {
    const theirs = { ...before, Name: 'c', Trigger: 'graph' };
    const patch = changesOf(rebased(before, theirs, mine), mine);
    expect(applyPatch(theirs, patch)).toEqual({ ...theirs, Name: 'b', Action: 'http://mine/' });
  });
});
