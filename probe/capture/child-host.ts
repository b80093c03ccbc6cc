/** The capture process of libpcap as a runner: started, spoken to over Node's IPC channel, its stderr logged. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Log } from '../log.ts';
import type { Runner, RunnerEvents } from './capture-host.ts';
import type { FromChild } from './child-protocol.ts';

const CHILD_FILE = fileURLToPath(new URL('pcap-child.ts', import.meta.url));
/** What libpcap says through `cap` of an interface without an IPv4 address: of no meaning here. */
const NOISE = /This may not actually work/;

/** `netnsPath`: where the whole process is to live, entered by nsenter(1); null = where we are. */
export function startChild(netnsPath: string | null, log: Log, events: RunnerEvents): Runner {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', CHILD_FILE];
  const [command, ...args] = netnsPath === null ? node : ['nsenter', `--net=${netnsPath}`, '--', ...node];
  const child = spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  child.on('message', (message) => events.received(message as FromChild));
  child.on('error', (error) => {
    log.error(`capture process: ${error.message}`);
    // A process that never was has no end either.
    if (child.pid === undefined) events.ended('could not be started');
  });
  child.on('close', (code, signal) => events.ended(code === 0 ? undefined : `ended with ${signal ?? code}`));
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (!NOISE.test(line)) log.warn(`capture process: ${line}`);
  });
  return {
    pid: child.pid,
    send: (message) => {
      // A channel that just broke is told by the close event.
      if (child.connected) child.send(message, () => {});
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
