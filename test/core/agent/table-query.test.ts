import { expect, test } from 'vitest';
import { flowsOfJsonReply, flowsOfReply, tableQuery } from '../../../core/agent/table-query.ts';
import type { FlowFilter } from '../../../core/flow/search.ts';
import {
  BoolOp,
  createTableReply,
  decodeSearchQuery,
  decodeTableQuery,
  encodeTableReply,
} from '../../../proto/gen/agent.ts';
import { createFlow, createFlowSet, encodeFlowSet } from '../../../proto/gen/flow.ts';

const filterSent = (filter?: FlowFilter) =>
  decodeSearchQuery(decodeTableQuery(tableQuery(filter === undefined ? {} : { filter })).Query).Filter;

const name: FlowFilter = { kind: 'equals', key: 'Network.A', value: '10.0.0.1' };
const fraction: FlowFilter = { kind: 'equals', key: 'Metric.ABBytes', value: 0.5 };

test('nothing asked is an empty query', () => {
  expect(filterSent()).toBeUndefined();
});

test('what an agent’s filters can say is sent', () => {
  const sent = filterSent({ kind: 'and', filters: [name, { kind: 'gt', key: 'Start', value: 5 }] });
  expect(sent?.BoolFilter?.Op).toBe(BoolOp.AND);
  expect(sent?.BoolFilter?.Filters[0]?.TermStringFilter).toMatchObject({
    Key: 'Network.A',
    Value: '10.0.0.1',
  });
  expect(sent?.BoolFilter?.Filters[1]?.GtInt64Filter).toMatchObject({ Key: 'Start', Value: 5 });
});

test('what they cannot say is left out, never turned round', () => {
  expect(filterSent(fraction)).toBeUndefined();
  expect(filterSent({ kind: 'and', filters: [name, fraction] })?.BoolFilter?.Filters).toHaveLength(1);
  expect(filterSent({ kind: 'or', filters: [name, fraction] })).toBeUndefined();
  expect(filterSent({ kind: 'not', filter: { kind: 'and', filters: [name, fraction] } })).toBeUndefined();
  expect(filterSent({ kind: 'not', filter: name })?.BoolFilter?.Op).toBe(BoolOp.NOT);
});

test('answers are read in protobuf and as the development head spells them', () => {
  const set = encodeFlowSet(createFlowSet({ Flows: [createFlow({ UUID: 'u1' })] })).finish();
  const reply = encodeTableReply(createTableReply({ Status: 200, FlowSets: [set, set] })).finish();
  expect(flowsOfReply(reply).map(({ UUID }) => UUID)).toEqual(['u1', 'u1']);
  const json = { Status: 200, FlowSetBytes: [Buffer.from(set).toString('base64')] };
  expect(flowsOfJsonReply(json).map(({ UUID }) => UUID)).toEqual(['u1']);
  expect(() => flowsOfJsonReply(null)).toThrow();
  expect(() => flowsOfReply(new Uint8Array([0xff]))).toThrow();
});
