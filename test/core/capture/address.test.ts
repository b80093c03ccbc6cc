import { describe, expect, test } from 'vitest';
import { isAddress } from '../../../core/capture/address.ts';

describe('isAddress', () => {
  test.each([
    '1.2.3.4:99',
    ':99',
    '99',
    '0',
    '65535',
    'sflow',
    ':syslog',
    '1.2.3.4:NTP',
    'collector.example:2055',
    'collector.example.:2055',
    'host_1:1',
    'localhost:6343',
    '[::1]:99',
    '[fe80::1%eth0]:99',
    '[2001:db8:0:0:0:0:0:1]:99',
    '[::ffff:1.2.3.4]:99',
  ])('takes %s', (text) => {
    expect(isAddress(text)).toBe(true);
  });

  test.each([
    '',
    'x',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:nosuchservice',
    '1.2.3.4:constructor',
    '1.2.3:99',
    '1.2.3.256:99',
    '01.2.3.4:99',
    'collector.example',
    '-a.example:1',
    'a..b:1',
    'a b:1',
    '::1',
    '[::1]',
    '[::1:99',
    '[1.2.3.4]:99',
    '[::1::]:99',
    '[1:2:3:4:5:6:7]:99',
    '[1:2:3:4:5:6:7:8:9]:99',
    '[1:2:3:4::5:6:7:8]:99',
    '[12345::]:99',
    '[::1%]:99',
    'http://a.example:80',
    '99 ',
    '1e2',
  ])('refuses %j', (text) => {
    expect(isAddress(text)).toBe(false);
  });
});
