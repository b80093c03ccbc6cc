/**
 * A listening Unix socket that only its owner may connect to, behind the listener with TLS: nobody else on this machine comes
 * past the certificate check. Handed to workerd as a descriptor, so who connects while workerd is started again waits.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checked, loadLibc } from '../../probe/linux/libc.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 4_096;

export interface UnixSocket {
  readonly fd: number;
  readonly path: string;
}

/** In a directory of its own (mkdtemp: mode 0700), removed when this process ends. Throws LinuxError. */
export function openUnixSocket(): UnixSocket {
  const libc = loadLibc();
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'http');
  // struct sockaddr_un: family in the host's byte order, the path, a zero.
  const address = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), Buffer.from(`${path}\0`)]);
  const fd = checked(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket', path);
  checked(libc.bind(fd, address, address.length), 'bind', path);
  chmodSync(path, 0o600);
  checked(libc.listen(fd, BACKLOG), 'listen', path);
  return { fd, path };
}
