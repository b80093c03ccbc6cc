/**
 * Answers the analyzer, which cannot see it, how far the peers of its connections have read: one GET on a socket of
 * this machine (an abstract Unix address: no file, gone with us), JSON of peer → TcpFacts. worker/objects/unread.ts asks.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { messageOf } from '../../core/errors.ts';
import { TcpConnections } from './tcp-connections.ts';

/**
 * Resolves with the address as workerd's configuration takes it; answers until this process ends, which it does not
 * hold up. Rejects with a LinuxError where the kernel does not tell.
 */
export async function reportConnections(port: number): Promise<string> {
  const connections = new TcpConnections(port);
  connections.read();
  const server = createServer((_request, response) => {
    try {
      const report = JSON.stringify(Object.fromEntries(connections.read()));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(report);
    } catch (error) {
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(messageOf(error));
    }
  });
  const name = `edgedive-${randomUUID()}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(`\0${name}`, resolve);
  });
  server.unref();
  return `unix-abstract:${name}`;
}
