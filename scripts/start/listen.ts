/**
 * HOST:PORT as people write it, what may stand in a request's Host header for it, and who holds the port when it is
 * taken (from /proc, so only on Linux, and another user's process only as root).
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

export interface Listen {
  /** A name or an address, IPv6 without brackets; wildcard addresses as given. */
  readonly host: string;
  readonly port: number;
  /** Nobody outside this machine can reach it. */
  readonly loopback: boolean;
}

/** `[::1]:8082`, `127.0.0.1:8082`, `localhost:8082`; undefined for anything else. */
export function parseListen(text: string): Listen | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, six, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535 || (six !== undefined && isIP(six) !== 6)) return undefined;
  const host = six ?? name!;
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) return undefined;
  return { host, port, loopback: isLoopback(host) };
}

export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost';
}

const bracketed = (host: string) => (isIP(host) === 6 ? `[${host}]` : host);

/** As it stands in a URL. */
export function addressOf({ host, port }: Listen): string {
  return `${bracketed(host)}:${port}`;
}

/** As this machine itself can reach it: a wildcard address is no destination. */
export function localAddressOf(listen: Listen): string {
  const host = listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host === '::' ? '::1' : listen.host;
  return addressOf({ ...listen, host });
}

/**
 * The names under which the analyzer answers (a page of another site that resolves its own name to our address is
 * refused by this): always the loopback ones, and the one it listens on; for a wildcard all of this machine's.
 */
export function allowedHosts({ host }: Listen): string[] {
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]']);
  if (host === '0.0.0.0' || host === '::') {
    hosts.add(hostname().toLowerCase());
    for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
      hosts.add(bracketed(address));
    }
  } else hosts.add(bracketed(host.toLowerCase()));
  return [...hosts];
}

/**
 * Listens for a moment to learn whether the address is free; gives the port, a free one where 0 was asked for.
 * Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL, EACCES …).
 */
export function probePort({ host, port }: Listen): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : port));
    });
  });
}

const TCP_LISTEN = '0A';
const HOLDERS_MAX = 3;

/**
 * `process 4711 (node server.js)` for each process that listens on the port, at most three: the youngest first, which
 * is the one that answers when the socket was handed on.
 */
export function portHolders(port: number): string[] {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && holdsSocket(name, inodes))
    .map((pid) => ({ pid, startedAt: startOf(pid) }))
    .sort((one, other) => other.startedAt - one.startedAt || Number(other.pid) - Number(one.pid))
    .slice(0, HOLDERS_MAX)
    .map(({ pid }) => `process ${pid} (${commandOf(pid)})`);
}

function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  try {
    return readFileSync(table, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[1]?.endsWith(`:${wanted}`) === true && columns[3] === TCP_LISTEN)
      .map((columns) => columns[9]!);
  } catch {
    return [];
  }
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        const target = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
        return target !== null && inodes.has(target[1]!);
      } catch {
        return false;
      }
    });
  } catch {
    // Another user's process, or one that has just ended.
    return false;
  }
}

/** In ticks since the machine's start (proc_pid_stat(5), field 22; the name in field 2 may contain anything). */
function startOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return 0;
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120);
  } catch {
    return 'ended';
  }
}
