import { createServer, connect, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseListen, portHolders } from '../../scripts/start/listen.ts';
import { ConfigError } from '../../scripts/start/config-error.ts';
import { takeAddress } from '../../scripts/start/take-address.ts';

const silent = (text: string): void => expect.fail(text);
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

describe('takeAddress', () => {
  it.each<[string, string]>([
    ['127.0.0.1:0', '127.0.0.1'],
    ['localhost:0', 'localhost'],
    ['0.0.0.0:0', '127.0.0.1'],
    ...(hasIpv6
      ? [['[::1]:0', '::1'] satisfies [string, string], ['[::]:0', '127.0.0.1'] satisfies [string, string]]
      : []),
  ])(
    'listens on %s, on a real port, so that a connection is taken though nobody accepts it yet',
    async (text, from) => {
      const { listen, descriptor } = await takeAddress(parseListen(text)!, silent);
      expect(descriptor).toBeGreaterThan(2);
      expect(listen).toMatchObject({ host: parseListen(text)!.host });
      expect(listen.port).toBeGreaterThan(0);
      expect(portHolders(listen.port)[0]).toContain(`process ${process.pid} (`);
      const client = connect(listen.port, from);
      await new Promise<void>((resolve, reject) => client.once('connect', resolve).once('error', reject));
      client.destroy();
    },
  );

  it('refuses a taken address and names the holder', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const refused = takeAddress(parseListen(`127.0.0.1:${port}`)!, silent);
    await expect(refused).rejects.toBeInstanceOf(ConfigError);
    await expect(refused).rejects.toThrow(`127.0.0.1:${port} is taken by process ${process.pid} (`);
    await new Promise((resolve) => void server.close(resolve));
  });

  it('refuses an address that is none of this machine', async () => {
    // TEST-NET-1 (RFC 5737).
    const taken = takeAddress(parseListen('192.0.2.1:0')!, silent);
    await expect(taken).rejects.toThrow(/^listen: 192\.0\.2\.1:0: bind.*EADDRNOTAVAIL/);
  });
});
