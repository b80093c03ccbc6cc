import { describe, expect, it } from 'vitest';
import type { Json } from '../../../core/graph/element.ts';
import { LearntMetadata } from '../../../probe/capture/learnt-metadata.ts';

describe('LearntMetadata', () => {
  const made = () => {
    const told: [string, string, Json][] = [];
    return { told, learnt: new LearntMetadata((...one) => told.push(one)) };
  };

  it('tells a key once, again when its value differs, and takes it away when nobody knows it any more', () => {
    const { told, learnt } = made();
    learnt.look([['a', { SFlow: { IfMetrics: { 1: { IfInOctets: 5 } } } }]]);
    learnt.look([['a', { SFlow: { IfMetrics: { 1: { IfInOctets: 5 } } } }]]);
    expect(told).toEqual([['a', 'SFlow', { IfMetrics: { 1: { IfInOctets: 5 } } }]]);
    learnt.look([
      ['a', { SFlow: { IfMetrics: {} } }],
      ['b', {}],
    ]);
    expect(told.slice(1)).toEqual([['a', 'SFlow', { IfMetrics: {} }]]);
    learnt.look([['a', {}]]);
    learnt.look([]);
    expect(told.slice(2)).toEqual([['a', 'SFlow', null]]);
  });
});
