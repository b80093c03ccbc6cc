/** Rules of REST section 7 and 16 of the reference notes; the same over HTTP in test/worker/routes/capture.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  CAPTURE_TYPES,
  duplicateKey,
  readCapture,
  type CaptureRequest,
} from '../../../core/capture/validate.ts';
import { limits } from '../../../core/limits.ts';
import { captureToJson } from '../../../core/wire/capture-json.ts';

function errorsOf(input: unknown): readonly string[] {
  const read = readCapture(input);
  return 'errors' in read ? read.errors : [];
}
function captureOf(input: unknown): CaptureRequest {
  const read = readCapture(input);
  if ('errors' in read) throw new Error(read.errors.join('; '));
  return read.capture;
}

describe('readCapture', () => {
  test('fills in the defaults', () => {
    expect(captureOf({ GremlinQuery: 'G.V()' })).toEqual({
      GremlinQuery: 'G.V()',
      SamplingRate: 0,
      PollingInterval: 0,
      ExtraTCPMetric: false,
      IPDefrag: false,
      ReassembleTCP: false,
      LayerKeyMode: 'L2',
    });
  });

  test.each(CAPTURE_TYPES)('knows type %s', (Type) => {
    expect(captureOf({ GremlinQuery: 'G.V()', Type }).Type).toBe(Type);
  });

  test.each([
    "G.V().Has('Name', 'eth0')",
    "G.V().Has('Type','host').Out().Has('Name', Regex('eth.*'))",
    'g.v()',
    "G.V().Has('Name','a').ShortestPathTo(Metadata('Name','b'))",
    'G.V().Limit(1)',
  ])('takes %s', (GremlinQuery) => {
    expect(errorsOf({ GremlinQuery })).toEqual([]);
  });

  test.each(['G', 'G.E()', 'G.V().Count()', 'G.Flows()', "G.V().Values('Name')", 'G.V().Flows()'])(
    'refuses %s, which yields no nodes',
    (GremlinQuery) => {
      expect(errorsOf({ GremlinQuery })).toEqual([
        expect.stringMatching(
          /^GremlinQuery: Not a valid Gremlin expression: a capture needs a query that yields nodes/,
        ),
      ]);
    },
  );

  test('refuses a query above the limit without parsing it', () => {
    expect(errorsOf({ GremlinQuery: 'x'.repeat(limits.queryCharsMax + 1) })).toEqual([
      `GremlinQuery: Not a valid Gremlin expression: longer than ${limits.queryCharsMax} characters`,
    ]);
  });

  test('tells everything that is wrong, in the order of the members', () => {
    const input = {
      TargetType: 'x',
      Target: 'x',
      ExtraLayers: 8,
      LayerKeyMode: 'L1',
      HeaderSize: 1,
      RawPacketLimit: 99,
      Port: -1,
      Type: 'x',
      BPFFilter: 'x y',
      GremlinQuery: '',
    };
    expect(errorsOf(input).map((text) => text.split(':')[0])).toEqual([
      'GremlinQuery',
      'BPFFilter',
      'Type',
      'Port',
      'RawPacketLimit',
      'HeaderSize',
      'LayerKeyMode',
      'ExtraLayers',
      'Target',
      'TargetType',
    ]);
  });

  test('tells both things that ebpf lacks', () => {
    expect(errorsOf({ GremlinQuery: 'G.V()', Type: 'ebpf', BPFFilter: 'ip', RawPacketLimit: 1 })).toEqual([
      "ebpf capture doesn't support BPF filtering",
      "ebpf capture doesn't support raw packet capture",
    ]);
  });

  test('takes netflow, which the list of available types leaves out as the reference does', () => {
    expect(captureOf({ GremlinQuery: 'G.V()', Type: 'netflow', Port: 9995 })).toMatchObject({ Port: 9995 });
    expect(errorsOf({ GremlinQuery: 'G.V()', Type: 'ipfix' })).toEqual([
      'Type: Not a valid capture type: ipfix, available types: [ovssflow pcapsocket ovsmirror dpdk afpacket pcap ebpf sflow ovsnetflow]',
    ]);
  });

  test.each([
    ['BPFFilter', 'ip', 'BPF filtering'],
    ['RawPacketLimit', 1, 'raw packet capture'],
    ['ExtraTCPMetric', true, 'extra TCP metrics'],
    ['IPDefrag', true, 'IP defragmentation'],
    ['ReassembleTCP', true, 'TCP reassembly'],
    ['ExtraLayers', 2, 'extra layers'],
  ])('refuses %s with netflow, and not with sflow', (member, value, words) => {
    const asked = { GremlinQuery: 'G.V()', [member]: value };
    expect(errorsOf({ ...asked, Type: 'netflow' })).toEqual([`netflow capture doesn't support ${words}`]);
    expect(errorsOf({ ...asked, Type: 'sflow' })).toEqual([]);
    const nothing = typeof value === 'string' ? '' : typeof value === 'number' ? 0 : false;
    expect(errorsOf({ GremlinQuery: 'G.V()', Type: 'netflow', [member]: nothing })).toEqual([]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 255])('knows extra layers %i', (ExtraLayers) => {
    expect(errorsOf({ GremlinQuery: 'G.V()', ExtraLayers })).toEqual([]);
  });
  test.each([-1, 8, 128, 254, 256])('does not know extra layers %i', (ExtraLayers) => {
    expect(errorsOf({ GremlinQuery: 'G.V()', ExtraLayers })).toEqual([
      expect.stringMatching(/^ExtraLayers: /),
    ]);
  });
});

describe('duplicateKey', () => {
  const key = (members: object): string => duplicateKey(captureOf({ GremlinQuery: 'G.V()', ...members }));

  test('looks at query, type and filter only', () => {
    expect(key({ RawPacketLimit: 1, Name: 'x' })).toBe(key({}));
    expect(key({ GremlinQuery: 'G.V() ' })).not.toBe(key({}));
    expect(key({ Type: 'pcap' })).not.toBe(key({}));
    expect(key({ BPFFilter: 'ip' })).not.toBe(key({}));
    expect(key({ Type: '', BPFFilter: '' })).toBe(key({}));
  });

  test.each(CAPTURE_TYPES)('looks at the filter of %s only when it may capture a node twice', (Type) => {
    const several = Type === 'pcap' || Type === 'afpacket';
    // ebpf takes no filter at all.
    if (Type === 'ebpf') return;
    expect(key({ Type, BPFFilter: 'ip' }) === key({ Type })).toBe(!several);
  });
});

describe('captureToJson', () => {
  test('leaves out what is empty, keeps what is always present, in the recorded order', () => {
    const capture = captureOf({
      GremlinQuery: 'G.V()',
      Name: '',
      Type: '',
      Port: 0,
      RawPacketLimit: 0,
      HeaderSize: 0,
      LayerKeyMode: '',
      Target: '',
    });
    expect(JSON.stringify(captureToJson({ ...capture, UUID: 'u' }, 3))).toBe(
      '{"GremlinQuery":"G.V()","Count":3,"SamplingRate":0,"PollingInterval":0,"ExtraTCPMetric":false,"IPDefrag":false,"ReassembleTCP":false,"UUID":"u"}',
    );
  });

  test('shows everything that is set, in the recorded order', () => {
    const members = {
      GremlinQuery: 'G.V()',
      BPFFilter: 'ip',
      Name: 'n',
      Description: 'd',
      Type: 'pcap',
      Port: 1,
      SamplingRate: 2,
      PollingInterval: 3,
      RawPacketLimit: 4,
      HeaderSize: 64,
      ExtraTCPMetric: true,
      IPDefrag: true,
      ReassembleTCP: true,
      LayerKeyMode: 'L3',
      ExtraLayers: 7,
      Target: ':9',
      TargetType: 'netflowv5',
    };
    expect(Object.keys(captureToJson({ ...captureOf(members), UUID: 'u' }, 0))).toEqual([
      ...Object.keys(members).slice(0, 5),
      'Count',
      ...Object.keys(members).slice(5),
      'UUID',
    ]);
  });
});
