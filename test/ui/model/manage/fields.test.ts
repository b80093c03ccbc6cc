import { describe, expect, test } from 'vitest';
import { readCapture } from '../../../../core/capture/validate.ts';
import { CAPTURE_FIELDS } from '../../../../ui/model/manage/capture-fields.ts';
import { bodyOf, givenOf, type Fields } from '../../../../ui/model/manage/fields.ts';

const fields: Fields = {
  Name: { label: 'Name' },
  Count: { label: 'Packets', as: 'number' },
  Roles: { label: 'Roles', as: 'list' },
  Metadata: { label: 'Metadata (JSON)', as: 'json' },
  IsOn: { label: 'On', as: 'switch' },
  Layers: { label: 'Layers', as: 'bits', bits: { VRRP: 1, DNS: 2, DHCPv4: 4 } },
  Pcap: { label: 'File', as: 'file' },
};

describe('bodyOf', () => {
  test('reads each field as what it is', () => {
    const given = {
      Name: 'x',
      Count: '10',
      Roles: 'guest, admin,',
      Metadata: '{"Room": "B12"}',
      IsOn: 'on',
      'Layers.1': 'on',
      'Layers.4': 'on',
      Pcap: 'AAEC',
    };
    expect(bodyOf(fields, given)).toEqual({
      Name: 'x',
      Count: 10,
      Roles: ['guest', 'admin'],
      Metadata: { Room: 'B12' },
      IsOn: true,
      Layers: 5,
      Pcap: 'AAEC',
    });
  });

  test('leaves out what is empty, or has it with nothing in it', () => {
    expect(bodyOf(fields, { Name: '', Count: '' })).toEqual({});
    expect(bodyOf(fields, { Name: '' }, true)).toEqual({
      Name: '',
      Count: 0,
      Roles: [],
      Metadata: null,
      IsOn: false,
      Layers: 0,
      Pcap: null,
    });
  });

  test('names the field that cannot be read', () => {
    expect(() => bodyOf(fields, { Metadata: '{' })).toThrow(/^Metadata \(JSON\): /);
    expect(() => bodyOf(fields, { Count: 'ten' })).toThrow('Packets: “ten” is no number');
  });
});

describe('givenOf', () => {
  test('is what bodyOf reads the same values from', () => {
    const value = { Name: 'x', Count: 10, Roles: ['a', 'b'], Metadata: { a: [1] }, IsOn: true, Layers: 6 };
    expect(bodyOf(fields, givenOf(fields, value))).toEqual(value);
  });

  test('leaves what says nothing empty', () => {
    expect(givenOf(fields, { Name: null, Count: 0, Metadata: null, IsOn: false, Layers: 0 })).toEqual({});
  });

  test('takes a text of metadata as JSON, so that it stays a text', () => {
    const given = givenOf(fields, { Metadata: '1' });
    expect(bodyOf(fields, given)).toEqual({ Metadata: '1' });
  });
});

describe('the form of a capture', () => {
  test('says what the reader of captures takes, packet filters among it', () => {
    const body = bodyOf(CAPTURE_FIELDS, {
      GremlinQuery: 'G.V()',
      BPFFilter: 'tcp port 443',
      HeaderSize: '128',
      'ExtraLayers.2': 'on',
      ReassembleTCP: 'on',
      LayerKeyMode: 'L3',
    });
    expect(readCapture(body)).toMatchObject({
      capture: { HeaderSize: 128, ExtraLayers: 2, ReassembleTCP: true, LayerKeyMode: 'L3' },
    });
    expect(readCapture({ ...body, BPFFilter: 'tcp prt 443' })).toMatchObject({
      errors: [expect.stringMatching(/^BPFFilter: Not a valid BPF expression/)],
    });
  });
});
