/** TLS for `npm start`: the listener in front of workerd, what workerd is told of it, and certificates that change. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import { ConfigError } from './config-error.ts';
import type { StartOptions } from './options.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';
import { TlsListener } from './tls-listener.ts';
import { openUnixSocket, type UnixSocket } from './unix-socket.ts';

export interface StartedTls {
  /** Where workerd answers. */
  readonly inner: UnixSocket;
  readonly believed: { readonly peerHeader: string; readonly protoHeader: string };
  readonly reload: () => void;
  readonly stop: () => void;
}

/** Undefined without TLS. Throws a ConfigError for files that cannot be used. */
export async function startTls(
  { tls, udpRelay }: StartOptions,
  fd: number | undefined,
  say: (text: string) => void,
): Promise<StartedTls | undefined> {
  if (tls === undefined) return undefined;
  if (fd === undefined)
    throw new ConfigError('tls.server_cert', 'TLS needs the listening socket, which could not be opened');
  if (udpRelay !== undefined)
    throw new ConfigError('agents.udp_relay', 'cannot hand on to an analyzer that answers over TLS only');
  const material = readTlsFiles(tls, Date.now());
  const inner = openUnixSocket();
  // Nobody can name these headers who has not read workerd's configuration.
  const secret = randomUUID();
  const believed = { peerHeader: `X-Edgedive-Peer-${secret}`, protoHeader: `X-Edgedive-Proto-${secret}` };
  const { requiresClientCert } = tls;
  const listener = new TlsListener({ fd, socketPath: inner.path, ...believed, material, requiresClientCert });
  await listener.start();
  const reload = (): void => {
    try {
      listener.replace(readTlsFiles(tls, Date.now()));
      say(`new connections get the certificate that is in ${tls.certFile} now`);
    } catch (error) {
      say(`the certificate stays as it was: ${messageOf(error)}`);
    }
  };
  const unwatch = watchTlsFiles(tls, reload);
  const stop = (): void => {
    unwatch();
    listener.stop();
  };
  return { inner, believed, reload, stop };
}
