import { describe, expect, it } from 'vitest';
import { escapeHtml, fromBase64, toBase64 } from '../../../core/wire/go-json.ts';
import {
  flowFromJson,
  flowFromObject,
  flowToJson,
  flowToObject,
  rawPacketToObject,
} from '../../../core/wire/flow-json.ts';
import {
  createDHCPv4,
  createDNS,
  createDNSResourceRecord,
  createFlow,
  createFlowMetric,
  createTCPMetric,
  createVRRPv2,
} from '../../../proto/gen/flow.ts';
import type { Flow } from '../../../proto/gen/flow.ts';

const full: Flow = createFlow({
  UUID: 'u',
  LayersPath: 'Ethernet/IPv4/TCP',
  Application: 'TCP',
  ParentUUID: 'p',
  Start: 1,
  Last: 2,
  Link: { Protocol: 0, A: 'a', B: 'b', ID: 7 },
  Network: { Protocol: 1, A: 'c', B: 'd', ID: 0 },
  Transport: { Protocol: 2, A: 80, B: 443, ID: 0 },
  ICMP: { Type: 2, Code: 0, ID: 5 },
  DHCPv4: createDHCPv4({ hardware_len: 6, file: Uint8Array.of(1, 2, 3) }),
  DNS: createDNS({
    ID: 1,
    op_code: 'Query',
    answers: [
      createDNSResourceRecord({ name: 'x', type: 'TXT', TXTs: ['t'], OPT: [{ Code: 'c', Data: 'd' }] }),
    ],
    timestamp: { seconds: 1_559_792_432, nanos: 546_622_000 },
  }),
  VRRPv2: createVRRPv2({ version: 2, VirtualRtrID: 10 }),
  LastUpdateMetric: createFlowMetric({ ABPackets: 1 }),
  Metric: createFlowMetric({ ABPackets: 3, RTT: 9 }),
  TCPMetric: createTCPMetric({ ABSynStart: 4, BASynTTL: 60 }),
  IPMetric: { Fragments: 0, FragmentErrors: 1 },
  TrackingID: 't',
  L3TrackingID: 'l',
  NodeTID: 'n',
  CaptureID: 'k',
  RawPacketsCaptured: 2,
  FinishType: 2,
});

describe('flowToJson', () => {
  it('keeps the order of members of the reference', () => {
    // Flow model notes, section 2.
    expect(Object.keys(flowToObject(full)).join(' ')).toBe(
      'UUID LayersPath Application Link Network Transport ICMP DHCPv4 DNS VRRPv2 LastUpdateMetric Metric TCPMetric ' +
        'IPMetric Start Last TrackingID L3TrackingID ParentUUID NodeTID CaptureID RawPacketsCaptured FinishType',
    );
  });

  it('leaves out what is empty, except the few members that are always there', () => {
    expect(flowToJson(createFlow())).toBe('{"Start":0,"Last":0,"ParentUUID":"","RawPacketsCaptured":0}');
  });

  it('spells layers and metrics as the reference does', () => {
    const json = flowToObject(full);
    expect(JSON.stringify(json['Link'])).toBe('{"Protocol":"ETHERNET","A":"a","B":"b","ID":7}');
    expect(JSON.stringify(json['Transport'])).toBe('{"Protocol":"TCP","A":80,"B":443,"ID":0}');
    expect(JSON.stringify(json['ICMP'])).toBe('{"Type":"ECHO","ID":5}');
    expect(JSON.stringify(json['LastUpdateMetric'])).toBe(
      '{"ABPackets":1,"ABBytes":0,"BAPackets":0,"BABytes":0,"Start":0,"Last":0}',
    );
    expect(json['Metric']).toHaveProperty('RTT', 9);
    expect(json['TCPMetric']).not.toHaveProperty('ABSynTTL');
    expect(json['TCPMetric']).toMatchObject({ BASynTTL: 60, BASynStart: 0 });
    expect(json['FinishType']).toBe(2);
    expect(JSON.stringify(json['DHCPv4'])).toBe('{"hardware_len":6,"file":"AQID"}');
    expect(JSON.stringify(json['VRRPv2'])).toBe('{"version":2,"VirtualRtrID":10}');
    expect(JSON.stringify(json['DNS'])).toBe(
      '{"ID":1,"op_code":"Query","answers":[{"name":"x","type":"TXT","TXTs":["t"],"OPT":[{"Code":"c","Data":"d"}]}],' +
        '"timestamp":"2019-06-06T03:40:32.546622Z"}',
    );
  });
});

describe('flowFromJson', () => {
  it('reads back what is written', () => {
    expect(flowFromJson(flowToJson(full))).toEqual(full);
    expect(flowFromJson('{}')).toEqual(createFlow());
  });

  it('reads the DNS names of later releases', () => {
    const flow = flowFromObject({
      DNS: { q_d_count: 1, answers: [{ c_name: 'x' }], timestamp: { seconds: 5, nanos: 6 } },
    });
    expect(flow.DNS).toMatchObject({
      QDCount: 1,
      answers: [{ CNAME: 'x' }],
      timestamp: { seconds: 5, nanos: 6 },
    });
  });

  it('refuses unknown protocols and ICMP types in the words of the reference', () => {
    expect(() => flowFromObject({ Link: { Protocol: 'FDDI' } })).toThrow('FlowProtocol invalid');
    expect(() => flowFromObject({ Link: { Protocol: 'toString' } })).toThrow('FlowProtocol invalid');
    expect(() => flowFromObject({ ICMP: { Type: 7 } })).toThrow('FlowProtocol invalid');
  });

  it('names the member that is wrong', () => {
    expect(() => flowFromObject([])).toThrow('flow is not an object');
    expect(() => flowFromObject({ Start: '1' })).toThrow('flow.Start is not a number');
    expect(() => flowFromObject({ Metric: { ABBytes: true } })).toThrow('Metric.ABBytes is not a number');
    expect(() => flowFromObject({ DHCPv4: { file: '***' } })).toThrow('DHCPv4.file is not base64');
    expect(() => flowFromObject({ DNS: { timestamp: 'today' } })).toThrow('DNS.timestamp is not a time');
    expect(() => flowFromObject({ DNS: { answers: {} } })).toThrow('DNS.answers is not a list');
  });
});

describe('rawPacketToObject', () => {
  it('writes bytes as base64 and leaves a link type of 0 out', () => {
    const packet = { Timestamp: 5, Index: 1, Data: Uint8Array.of(255, 0), LinkType: 0 };
    expect(JSON.stringify(rawPacketToObject(packet))).toBe('{"Timestamp":5,"Index":1,"Data":"/wA="}');
    expect(rawPacketToObject({ ...packet, LinkType: 1 })).toHaveProperty('LinkType', 1);
  });
});

describe('escapeHtml', () => {
  it('writes the characters that Go escapes as Go does', () => {
    expect(escapeHtml('{"a":"<b>&\u2028\u2029"}')).toBe('{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029"}');
  });
});

describe('toBase64', () => {
  it('is undone by fromBase64, for any length', () => {
    for (const length of [0, 1, 2, 3, 4095, 4096, 4097, 10_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i);
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
  });
});
