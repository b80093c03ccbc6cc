import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDns } from '../../../core/packet/dns.ts';
import { dnsToObject } from '../../../core/wire/flow-layers-json.ts';
import { hex, join } from './frames.ts';

const NAME = '02657803 6f726700'; // ex.org

function message(answers: number, additionals: number, ...records: readonly string[]): Uint8Array {
  const head = hex(`0009 8180 0001 ${answers.toString(16).padStart(4, '0')} 0000 000${additionals}`);
  return join(head, hex(`${NAME} 0001 0001`), ...records.map(hex));
}

function read(bytes: Uint8Array): ReturnType<typeof readDns> {
  return readDns(bytes, 0, bytes.length, 1_700_000_000_123, 456_000);
}

describe('readDns', () => {
  it('reads every kind of record that flows show', () => {
    const dns = read(
      message(
        7,
        0,
        'c00c 0001 0001 0000003c 0004 0a010002',
        'c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001',
        'c00c 0005 0001 0000003c 0006 0377 7777 c00c',
        'c00c 000f 0001 0000003c 0009 000a 046d61696c c00c'.replace('0009', '0009'),
        'c00c 0010 0001 0000003c 0006 0361626301 64',
        'c00c 0021 0001 0000003c 0008 0001 0002 01bb c00c',
        'c00c 002e 0001 0000003c 0002 ffff',
      ),
    );
    expect(dns?.ANCount).toBe(7);
    expect(
      dns?.answers.map((record) => [
        record.type,
        record.IP || record.CNAME || record.MX || record.SRV || record.TXTs,
      ]),
    ).toEqual([
      ['A', '10.1.0.2'],
      ['AAAA', '2001:db8::1'],
      ['CNAME', 'www.ex.org'],
      ['MX', { preference: 10, name: 'mail.ex.org' }],
      ['TXT', ['abc', 'd']],
      ['SRV', { priority: 1, weight: 2, port: 443, name: 'ex.org' }],
    ]);
  });

  it('reads EDNS options, on which the reference crashes', () => {
    const dns = read(message(0, 1, '00 0029 1000 00008000 0008 000a 0004 6162 6364'));
    expect(dnsToObject(dns!)).toMatchObject({
      additionals: [{ type: 'OPT', class: 'Unknown', TTL: 32768, OPT: [{ Code: 'Cookie', Data: 'abcd' }] }],
      timestamp: '2023-11-14T22:13:20.123456Z',
    });
  });

  it('refuses names that point to themselves, are too long or leave the message', () => {
    expect(read(hex('0009 0100 0001 0000 0000 0000 c00c 0001 0001'))).toBeUndefined();
    expect(read(hex('0009 0100 0001 0000 0000 0000 c0ff 0001 0001'))).toBeUndefined();
    const label = `3f${'61'.repeat(63)}`;
    expect(read(hex(`0009 0100 0001 0000 0000 0000 ${label.repeat(5)} 00 0001 0001`))).toBeUndefined();
    expect(read(hex('0009 0100 0001 0000 0000 0000 40 00 0001 0001'))).toBeUndefined();
  });

  it('keeps a bounded number of records, and their count', () => {
    const dns = read(
      message(1000, 0, ...Array.from({ length: 1000 }, () => 'c00c 0001 0001 00000000 0004 01020304')),
    );
    expect(dns?.answers).toHaveLength(256);
    expect(dns?.ANCount).toBe(1000);
  });

  it('never throws', () => {
    const whole = message(1, 0, 'c00c 0010 0001 0000003c 0006 0361626301 64');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }),
        fc.nat(60),
        (changes, length) => {
          const bytes = whole.slice(0, length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          read(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
