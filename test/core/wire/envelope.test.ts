/** The message envelope in both protocols; the byte examples are those of the WebSocket notes, section 4. */
import { describe, expect, test } from 'vitest';
import { Format } from '../../../proto/gen/envelope.ts';
import { createStats, encodeStats } from '../../../proto/gen/flow.ts';
import {
  decodeEnvelope,
  encodeEnvelope,
  protobufEnvelope,
  type Envelope,
} from '../../../core/wire/envelope.ts';
import { closeReason, WireError } from '../../../core/wire/wire-error.ts';

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.split(' '), (pair) => Number.parseInt(pair, 16));

const syncRequest: Envelope = { namespace: 'Graph', type: 'SyncRequest', uuid: 'u1', status: 200, obj: '{}' };
const SYNC_REQUEST_BYTES =
  '0a 05 47 72 61 70 68 12 0b 53 79 6e 63 52 65 71 75 65 73 74 1a 02 75 31 20 c8 01 32 02 7b 7d';

describe('JSON', () => {
  test('writes the members in the reference order', () => {
    expect(encodeEnvelope(syncRequest, 'json')).toBe(
      '{"Namespace":"Graph","Type":"SyncRequest","UUID":"u1","Status":200,"Obj":{}}',
    );
  });

  test('leaves out an empty UUID and a zero Status, never Obj', () => {
    expect(
      encodeEnvelope({ namespace: 'Graph', type: 'SyncReply', uuid: '', status: 0, obj: 'null' }, 'json'),
    ).toBe('{"Namespace":"Graph","Type":"SyncReply","Obj":null}');
  });

  test('reads member names without case, from text and from binary frames', () => {
    const text = '{"namespace":"Graph","TYPE":"SyncRequest","uuid":"u1","status":200,"obj":{}}';
    expect(decodeEnvelope(text, 'json')).toEqual(syncRequest);
    expect(decodeEnvelope(new TextEncoder().encode(text), 'json')).toEqual(syncRequest);
  });

  test('what is missing is empty, zero and null', () => {
    expect(decodeEnvelope('{}', 'json')).toEqual({
      namespace: '',
      type: '',
      uuid: '',
      status: 0,
      obj: 'null',
    });
  });

  test.each([
    '',
    'not json',
    '[]',
    '5',
    'null',
    '{"Status":"200"}',
    '{"Status":1.5}',
    '{"UUID":5}',
    '{"Type":{}}',
  ])('refuses %s with 1007', (text) => {
    expect(() => decodeEnvelope(text, 'json')).toThrow(expect.objectContaining({ closeCode: 1007 }));
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(() => decodeEnvelope(new Uint8Array([0xff, 0xfe]), 'json')).toThrow(WireError);
  });
});

describe('protobuf', () => {
  test('writes the documented bytes, Format absent for JSON', () => {
    expect(hex(encodeEnvelope(syncRequest, 'protobuf') as Uint8Array)).toBe(SYNC_REQUEST_BYTES);
  });

  test('reads them', () => {
    expect(decodeEnvelope(fromHex(SYNC_REQUEST_BYTES), 'protobuf')).toEqual(syncRequest);
    expect(decodeEnvelope(fromHex(SYNC_REQUEST_BYTES).buffer as ArrayBuffer, 'protobuf')).toEqual(
      syncRequest,
    );
  });

  test('tells with Format 1 that Obj is protobuf', () => {
    const stats = encodeStats(createStats({ CaptureID: 'c1', FlowCount: 2, PacketsReceived: 52 })).finish();
    const head = { namespace: 'stats', type: 'stats', uuid: 'u2', status: 200 };
    expect(hex(protobufEnvelope(head, stats, Format.PROTOBUF))).toBe(
      '0a 05 73 74 61 74 73 12 05 73 74 61 74 73 1a 02 75 32 20 c8 01 28 01 32 08 0a 02 63 31 10 02 30 34',
    );
  });

  test('an absent Obj is null', () => {
    expect(decodeEnvelope(fromHex('0a 01 78'), 'protobuf')).toMatchObject({ namespace: 'x', obj: 'null' });
  });

  test.each([
    ['a JSON text', '{"Namespace":"Graph","Type":"SyncRequest"}'],
    ['bytes that end early', fromHex('0a 05 47')],
    ['an Obj that is not JSON', fromHex('32 01 78')],
    ['an Obj in protobuf', fromHex('28 01 32 02 08 01')],
  ])('refuses %s with 1007', (_what, frame) => {
    expect(() => decodeEnvelope(frame, 'protobuf')).toThrow(expect.objectContaining({ closeCode: 1007 }));
  });

  test('any text survives there and back in both protocols', () => {
    const odd: Envelope = {
      namespace: 'ü"\\',
      type: '\u2028<&>',
      uuid: '😀'.repeat(40),
      status: -1,
      obj: '{"é":["\\u0000"]}',
    };
    expect(decodeEnvelope(encodeEnvelope(odd, 'json'), 'json')).toEqual(odd);
    expect(decodeEnvelope(encodeEnvelope(odd, 'protobuf'), 'protobuf')).toEqual(odd);
  });
});

describe('closeReason', () => {
  test('fits the 123 bytes of a close frame without cutting a character', () => {
    expect(closeReason('x'.repeat(200))).toHaveLength(123);
    expect(closeReason('é'.repeat(100))).toBe('é'.repeat(61));
    expect(closeReason('😀'.repeat(40))).toBe('😀'.repeat(30));
    expect(closeReason('short')).toBe('short');
  });
});
