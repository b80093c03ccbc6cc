import { describe, expect, it } from 'vitest';
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv4Cidr } from '../../core/ip.ts';
import { hex } from './packet/frames.ts';

describe('formatIpv6', () => {
  it.each([
    // RFC 5952 sections 4 and 5, and what Go prints for a mapped address.
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00000000000000000000ffff0a010203', '10.1.2.3'],
  ])('prints %s as %s', (bytes, text) => {
    expect(formatIpv6(hex(bytes))).toBe(text);
  });
});

describe('formatMac and formatIpv4', () => {
  it('print the bytes at an offset', () => {
    const bytes = hex('ff 0a 00 02 fe 02 00 5e 10 00 0a');
    expect(formatIpv4(bytes, 1)).toBe('10.0.2.254');
    expect(formatMac(bytes, 5)).toBe('02:00:5e:10:00:0a');
  });
});

describe('parseIpv4Cidr', () => {
  it('masks host bits off', () => {
    expect(parseIpv4Cidr('10.1.2.3/16')).toEqual({ word: 0x0a010000, mask: 0xffff0000 | 0 });
    expect(parseIpv4Cidr('1.2.3.4/0')).toEqual({ word: 0, mask: 0 });
    expect(parseIpv4Cidr('1.2.3.4/32')).toEqual({ word: 0x01020304, mask: -1 });
  });

  it('refuses what is no IPv4 range', () => {
    for (const text of [
      '10.0.0.1',
      '10.0.0.0/33',
      '10.0.0/8',
      'fd00::/8',
      '10.0.0.01/8',
      '256.0.0.0/8',
      '/8',
      '',
    ])
      expect(parseIpv4Cidr(text)).toBeUndefined();
    expect(parseIpv4('1.2.3.4.5')).toBeUndefined();
  });
});
