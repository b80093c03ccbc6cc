import { createServer, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  allowedHosts,
  localAddressOf,
  parseListen,
  portHolders,
  probePort,
} from '../../scripts/start/listen.ts';

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:8082', '127.0.0.1', 8082, true],
    ['127.8.9.1:1', '127.8.9.1', 1, true],
    ['localhost:0', 'localhost', 0, true],
    ['[::1]:8082', '::1', 8082, true],
    ['[::]:8082', '::', 8082, false],
    ['0.0.0.0:65535', '0.0.0.0', 65_535, false],
    ['analyzer.example:80', 'analyzer.example', 80, false],
  ])('reads %s', (text, host, port, loopback) => {
    expect(parseListen(text)).toEqual({ host, port, loopback });
    expect(addressOf(parseListen(text)!)).toBe(text);
  });

  it.each([
    '8082',
    ':8082',
    'host',
    'host:',
    'host:65536',
    '::1:8082',
    '[::1]',
    '[nonsense]:1',
    '1.2.3:4',
    'http://a:1',
    'a b:1',
    'a:-1',
  ])('refuses %j', (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});

describe('allowedHosts', () => {
  it('is the loopback names, and the address listened on', () => {
    expect(allowedHosts(parseListen('127.0.0.1:1')!)).toEqual(['localhost', '127.0.0.1', '[::1]']);
    expect(allowedHosts(parseListen('Some.Host:1')!)).toContain('some.host');
    expect(allowedHosts(parseListen('[fd00::1]:1')!)).toContain('[fd00::1]');
  });

  it('is every address of this machine and its name for a wildcard, but never any host', () => {
    const hosts = allowedHosts(parseListen('0.0.0.0:1')!);
    expect(hosts).toContain(hostname().toLowerCase());
    expect(hosts).not.toContain('*');
  });
});

describe('localAddressOf', () => {
  it('reaches a wildcard address through loopback', () => {
    expect(localAddressOf(parseListen('0.0.0.0:7')!)).toBe('127.0.0.1:7');
    expect(localAddressOf(parseListen('[::]:7')!)).toBe('[::1]:7');
  });
});

describe('a taken port', () => {
  it('is noticed, and its holder named', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(probePort(parseListen(`127.0.0.1:${port}`)!)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(portHolders(port)[0]).toContain(`process ${process.pid} (`);
    await new Promise((resolve) => void server.close(resolve));
    expect(await probePort(parseListen(`127.0.0.1:${port}`)!)).toBe(port);
    expect(portHolders(port)).toEqual([]);
  });
});
