/**
 * The smallest laboratory: two namespaces whose veth ends meet on a bridge of the host. Names carry the process id,
 * so that two test runs on one machine do not meet; the addresses live in namespaces and on no route of the host.
 */
import { execFileSync, spawn } from 'node:child_process';

export interface Lab {
  readonly vm1: string;
  readonly vm2: string;
  readonly bridge: string;
  /** The host's end of vm1's and vm2's `eth0`, ports of the bridge. */
  readonly port1: string;
  readonly port2: string;
  readonly address1: string;
  readonly address2: string;
  /** `ip` inside vm2. */
  inVm2(...args: string[]): void;
  /** One more interface in vm2, up, whose other end stays in vm2. */
  addLateInterface(name: string): void;
  /** One UDP packet to each of `flows` ports of the address; resolves when all are sent. */
  sendUdpFlows(options: { from: string; to: string; flows: number; perSecond: number }): Promise<void>;
  remove(): void;
}

/** True, with a word in the output, where namespaces cannot be made. */
export function skipUnlessRoot(): boolean {
  const root = process.getuid?.() === 0;
  if (!root) console.warn('skipped: network namespaces need root');
  return !root;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

const UDP_SENDER = `
const [to, flows, perSecond] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
const started = Date.now();
let sent = 0;
socket.on('error', () => {});
const timer = setInterval(() => {
  const due = Math.min(Number(flows), Math.floor(((Date.now() - started) / 1000) * Number(perSecond)));
  while (sent < due) socket.send('x', 1024 + sent++, to);
  if (sent < Number(flows)) return;
  clearInterval(timer);
  setTimeout(() => socket.close(), 500);
}, 20);
`;

/** Throws when a command fails; whatever was made until then is removed. */
export function createLab(tag: string): Lab {
  const id = `${tag}${process.pid % 10_000}`;
  const [vm1, vm2, bridge] = [`${id}-vm1`, `${id}-vm2`, `${id}-br`];
  const [port1, port2] = [`${id}-p1`, `${id}-p2`];
  const [address1, address2] = ['10.77.0.1', '10.77.0.2'];

  const remove = () => {
    for (const command of [
      ['netns', 'del', vm1],
      ['netns', 'del', vm2],
      ['link', 'del', bridge],
    ]) {
      try {
        ip(...command);
      } catch {
        // It was not made, or is gone already.
      }
    }
  };

  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('link', 'set', bridge, 'up');
    for (const [vm, port, address] of [
      [vm1, port1, address1],
      [vm2, port2, address2],
    ] as const) {
      ip('netns', 'add', vm);
      ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', vm);
      ip('link', 'set', port, 'master', bridge, 'up');
      ip('-n', vm, 'link', 'set', 'lo', 'up');
      ip('-n', vm, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', vm, 'link', 'set', 'eth0', 'up');
    }
  } catch (error) {
    remove();
    throw error;
  }

  return {
    vm1,
    vm2,
    bridge,
    port1,
    port2,
    address1,
    address2,
    inVm2: (...args) => void ip('-n', vm2, ...args),
    addLateInterface: (name) => {
      ip('-n', vm2, 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      ip('-n', vm2, 'link', 'set', `${name}p`, 'up');
      ip('-n', vm2, 'link', 'set', name, 'up');
    },
    sendUdpFlows: ({ from, to, flows, perSecond }) =>
      new Promise((resolve, reject) => {
        const args = [
          'netns',
          'exec',
          from,
          process.execPath,
          '-e',
          UDP_SENDER,
          to,
          String(flows),
          String(perSecond),
        ];
        const child = spawn('ip', args, { stdio: 'ignore' });
        child.on('error', reject);
        child.on('exit', (code) =>
          code === 0 ? resolve() : reject(new Error(`UDP sender ended with ${code}`)),
        );
      }),
    remove,
  };
}
