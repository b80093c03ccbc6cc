/**
 * The address that `npm start` was told, taken or refused before anything runs: as a socket of ours for workerd where
 * that is possible, otherwise looked at and left for workerd to listen on. And what the kernel can tell of its
 * connections.
 */
import { messageOf } from '../../core/errors.ts';
import { LinuxError } from '../../probe/linux/linux-error.ts';
import { reportConnections } from './connection-report.ts';
import { addressOf, portHolders, probePort, type Listen } from './listen.ts';
import { openListeningSocket } from './listening-socket.ts';
import { ConfigError } from './config-error.ts';

export interface TakenAddress {
  /** With a real port. */
  readonly listen: Listen;
  /** The listening socket; undefined when workerd has to open its own. */
  readonly descriptor?: number;
  /** Where the analyzer can ask how far its peers have read; undefined where the kernel does not tell. */
  readonly connections?: string;
}

/** Throws a ConfigError that names the holder when the port is taken. `say` hears what is lost here, and why. */
export async function takeAddress(listen: Listen, say: (text: string) => void): Promise<TakenAddress> {
  try {
    const { fd, listen: real } = await openListeningSocket(listen);
    return { descriptor: fd, listen: real, ...(await connectionsTo(real.port, say)) };
  } catch (error) {
    if (!cannotBeOurs(error)) throw refusal(listen, error);
    say(`subscribers that stop reading or read too slowly will not be ended: ${messageOf(error)}`);
  }
  try {
    return { listen: { ...listen, port: await probePort(listen) } };
  } catch (error) {
    throw refusal(listen, error);
  }
}

async function connectionsTo(
  port: number,
  say: (text: string) => void,
): Promise<{ readonly connections?: string }> {
  try {
    return { connections: await reportConnections(port) };
  } catch (error) {
    say(`subscribers that read too slowly will not be ended: ${messageOf(error)}`);
    return {};
  }
}

/** What is missing is koffi, or a kernel that knows the option; the address itself may be free. */
function cannotBeOurs(error: unknown): boolean {
  return error instanceof LinuxError && error.syscall !== 'bind' && error.syscall !== 'listen';
}

function refusal(listen: Listen, error: unknown): ConfigError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE') return new ConfigError('listen', `${addressOf(listen)}: ${message}`);
  const holders = portHolders(listen.port);
  const by = holders.length > 0 ? holders.join(', ') : 'a process that cannot be seen from here';
  return new ConfigError('listen', `${addressOf(listen)} is taken by ${by}`);
}
