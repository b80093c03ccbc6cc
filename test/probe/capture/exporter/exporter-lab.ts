/**
 * Two namespaces joined by a veth pair, traffic of known size between them, and real exporters that watch it. What they
 * export goes to an address of their own namespace, that is, over its loopback: it is not on the wire they watch.
 * Names begin with `ex`.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { CaptureSpec, ListenSpec } from '../../../../probe/capture/capture-source.ts';
import { until } from '../../link/fake-analyzer.ts';

const run = promisify(execFile);
let made = 0;

/** Command → Debian package. */
const PACKAGES = {
  ping: 'iputils-ping',
  softflowd: 'softflowd',
  softflowctl: 'softflowd',
  pmacctd: 'pmacct',
  'ovs-vswitchd': 'openvswitch-switch',
} as const;
type Command = keyof typeof PACKAGES;

/** True, with a word in the output, where these commands cannot be run in namespaces. */
export function skipWithout(...commands: Command[]): boolean {
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':');
  const missing = commands.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  const reason =
    process.getuid?.() !== 0
      ? 'exporters and namespaces need root'
      : missing.map((name) => `${name} is missing (package ${PACKAGES[name]})`).join(', ');
  if (reason !== '') console.warn(`skipped: ${reason}`);
  return reason !== '';
}

/** A server that answers each UDP datagram with the same bytes; at port 9 without a word, not even an ICMP error. */
const UDP_ECHO = `
const { createSocket } = require('node:dgram');
const socket = createSocket('udp4');
socket.on('message', (bytes, { address, port }) => socket.send(bytes, port, address));
const ready = () => console.log('ready');
createSocket('udp4').bind(9, process.argv[1], () => socket.bind(5001, process.argv[1], ready));
`;
/** Port 40000 to port 5001: one datagram after the other, each when the last one was answered. */
const UDP_TALK = `
const [to, count, bytes] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
let left = Number(count);
const next = () => (left-- > 0 ? socket.send(Buffer.alloc(Number(bytes)), 5001, to) : socket.close());
socket.on('message', next);
socket.bind(40000, next);
`;
/** Large datagrams to a port that swallows them. */
const UDP_FILL = `
const socket = require('node:dgram').createSocket('udp4');
let left = Number(process.argv[2]);
for (let i = left; i > 0; i--) socket.send(Buffer.alloc(1400), 9, process.argv[1], () => --left || socket.close());
`;

export interface ExporterLab {
  readonly a: string;
  readonly b: string;
  /** Of `a` and `b`; unique on this machine. */
  readonly interfaceName: string;
  readonly addressA: string;
  readonly addressB: string;
  /** For files of exporters. */
  readonly folder: string;
  /** What a capture of `a`'s interface needs that listens for an exporter. */
  spec(listen: Partial<ListenSpec> & Pick<ListenSpec, 'exporter'>, more?: Partial<CaptureSpec>): CaptureSpec;
  /** Runs a command in a namespace; resolves with its output when it has ended well. */
  exec(netns: string, ...command: string[]): Promise<string>;
  /** Starts a command in a namespace that goes on until it is stopped; resolves when `ready` is in its output. */
  start(netns: string, command: readonly string[], ready: RegExp): Promise<Daemon>;
  /** Echo requests from `a` with 56 bytes of data, and their replies; `version` 4 or 6. */
  ping(count: number, version?: 4 | 6): Promise<void>;
  /** UDP datagrams from `a`'s port 40000 to `b`'s port 5001, each answered by one as long. */
  talk(count: number, bytes: number): Promise<void>;
  /** Much traffic to UDP port 9, to push what went before out of buffers. */
  fill(): Promise<void>;
  remove(): Promise<void>;
}

export interface Daemon {
  readonly pid: number;
  output(): string;
  /** Resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function createExporterLab(): Promise<ExporterLab> {
  const id = `ex-${process.pid % 100_000}-${++made}`;
  const [a, b] = [`${id}a`, `${id}b`];
  const interfaceName = `ex${process.pid % 100_000}n${made}`;
  const [addressA, addressB] = ['10.254.8.1', '10.254.8.2'];
  const folder = mkdtempSync(join(tmpdir(), 'edgedive-ex-'));
  const daemons: Daemon[] = [];
  const exec = async (netns: string, ...command: string[]) =>
    (await run('ip', ['netns', 'exec', netns, ...command])).stdout;
  const start = async (netns: string, command: readonly string[], ready: RegExp) => {
    const daemon = await startDaemon(['ip', 'netns', 'exec', netns, ...command], ready);
    daemons.push(daemon);
    return daemon;
  };
  const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args];

  for (const netns of [a, b]) ip('netns', 'add', netns);
  ip('-n', a, 'link', 'add', interfaceName, 'type', 'veth', 'peer', 'name', interfaceName, 'netns', b);
  for (const [netns, address, address6] of [
    [a, addressA, 'fd00:8::1'],
    [b, addressB, 'fd00:8::2'],
  ] as const) {
    ip('-n', netns, 'link', 'set', 'lo', 'up');
    // No address of its own making: their detection would be traffic that nobody counted.
    ip('-n', netns, 'link', 'set', interfaceName, 'addrgenmode', 'none');
    ip('-n', netns, 'addr', 'add', `${address}/24`, 'dev', interfaceName);
    ip('-n', netns, 'addr', 'add', `${address6}/64`, 'dev', interfaceName, 'nodad');
    ip('-n', netns, 'link', 'set', interfaceName, 'up');
  }
  await start(b, node(UDP_ECHO, addressB), /ready/);

  return {
    a,
    b,
    interfaceName,
    addressA,
    addressB,
    folder,
    exec,
    start,
    spec: (listen, more = {}) => ({
      captureId: 'capture-1',
      nodeTid: 'tid-1',
      interfaceName,
      ifIndex: 1,
      netnsPath: `/var/run/netns/${a}`,
      encapType: 'ether',
      userFilter: '',
      exclusion: '',
      headerBytes: 256,
      layerKeyMode: 'L2',
      extraTcpMetric: false,
      ipDefrag: false,
      reassembleTcp: false,
      extraLayers: 0,
      rawPacketLimit: 0,
      mplsUdpPorts: [],
      listen: { address: addressA, port: listen.exporter === 'sflow' ? 6343 : 2055, ...listen },
      ...more,
    }),
    ping: async (count, version = 4) => {
      const to = version === 4 ? addressB : 'fd00:8::2';
      await exec(a, 'ping', `-${version}`, '-q', '-i', '0.02', '-c', String(count), to);
    },
    talk: async (count, bytes) => void (await exec(a, ...node(UDP_TALK, addressB, `${count}`, `${bytes}`))),
    fill: async () => void (await exec(a, ...node(UDP_FILL, addressB, '400'))),
    remove: async () => {
      await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
      for (const netns of [a, b]) ip('netns', 'del', netns);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

async function startDaemon([command, ...args]: readonly string[], ready: RegExp): Promise<Daemon> {
  // A group of its own: pmacctd's plugins are processes that outlive it and hold its output open.
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = new Promise<void>((resolve) => {
    child.on('error', (error) => (output += error.message));
    child.on('close', () => {
      ended = true;
      resolve();
    });
  });
  await until(`${args.join(' ')} to be ready`, () => ended || ready.test(output), 10_000);
  if (ended) throw new Error(`${args.join(' ')} ended: ${output}`);
  return {
    pid: child.pid!,
    output: () => output,
    stop: async (signal = 'SIGINT') => {
      if (!ended) process.kill(-child.pid!, signal);
      await closed;
    },
  };
}

/** softflowd, exporting to port 2055 of `a`. `version` as its -v takes it, with more arguments behind. */
export interface Softflowd {
  /** Makes it export all it has seen. */
  expireAll(): Promise<void>;
}

export async function startSoftflowd(lab: ExporterLab, ...version: string[]): Promise<Softflowd> {
  const control = join(lab.folder, 'softflowd.ctl');
  const files = ['-c', control, '-p', join(lab.folder, 'softflowd.pid')];
  const to = `${lab.addressA}:2055`;
  // It gives libpcap no timeout, so packets come to it a full buffer at a time: small buffers of large packets.
  const listen = ['-d', '-C', '1500', '-i', lab.interfaceName];
  await lab.start(
    lab.a,
    ['softflowd', ...listen, '-n', to, ...files, '-v', ...version],
    /starting data collection/,
  );
  await until('its control socket', () => existsSync(control), 5_000);
  return {
    expireAll: async () => {
      await lab.fill();
      await sleep(200);
      await run('softflowctl', ['-c', control, 'expire-all']);
    },
  };
}

/** pmacctd with these lines of configuration; resolves when it captures. */
export async function startPmacctd(lab: ExporterLab, ...lines: string[]): Promise<Daemon> {
  const file = join(lab.folder, 'pmacctd.conf');
  const common = [
    'daemonize: false',
    `pidfile: ${lab.folder}/pmacctd.pid`,
    `pcap_interface: ${lab.interfaceName}`,
  ];
  writeFileSync(file, [...common, ...lines, ''].join('\n'));
  const daemon = await lab.start(lab.a, ['pmacctd', '-f', file], /Exporting flows to/);
  // It says nothing when it begins: the kernel knows (protocol 0003 = bound to all).
  const bound = () => / 0003 /.test(readFileSync(`/proc/${daemon.pid}/net/packet`, 'utf8'));
  await until('its packet socket', bound, 10_000);
  return daemon;
}
