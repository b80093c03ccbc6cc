import { describe, expect, test } from 'vitest';
import { webhookFault } from '../../../core/alert/webhook.ts';

const open = { allowsPrivate: false, hosts: [] };

describe('a URL that alerts may tell', () => {
  test.each([
    'https://hooks.example.org/x',
    'http://93.184.216.34:8080/',
    'http://[2606:2800:220:1::1]/',
    'http://172.32.0.1/',
    'http://100.128.0.1/',
  ])('%s', (url) => {
    expect(webhookFault(url, open)).toBeUndefined();
  });
});

describe('private is', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://100.64.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://[ff02::1]/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://db.localhost/',
    'http://printer.local/',
    'http://metadata.google.internal/',
    'http://router/',
  ])('%s', (url) => {
    expect(webhookFault(url, open)).toMatch(/private address/);
    expect(webhookFault(url, { ...open, allowsPrivate: true })).toBeUndefined();
  });
});

test('what else is refused', () => {
  expect(webhookFault('ftp://x.example/', open)).toMatch(/no http/);
  expect(webhookFault('http://user:pw@x.example/', open)).toMatch(/credentials/);
  const named = { allowsPrivate: false, hosts: ['hooks.example.org', '*.team.example'] };
  expect(webhookFault('https://hooks.example.org/a', named)).toBeUndefined();
  expect(webhookFault('https://a.team.example/', named)).toBeUndefined();
  expect(webhookFault('https://team.example/', named)).toMatch(/not among/);
  expect(webhookFault('https://evil.example/', named)).toMatch(/not among/);
});
