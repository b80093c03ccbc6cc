/**
 * The sockets of each network namespace and whose they are, as metadata `Sockets` of the host's and the namespaces'
 * nodes (topology notes, section 15): what the Gremlin step `Sockets` shows of nodes and finds at the ends of flows.
 * Asked of the kernel by netlink at intervals. Off unless asked for, because every reading that differs is a change
 * of the graph that is stored.
 */
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../../core/errors.ts';
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { formatIpv4, formatIpv6 } from '../../../core/ip.ts';
import { limits } from '../../../core/limits.ts';
import { errorCodeOf } from '../../linux/linux-error.ts';
import { inNetns } from '../../linux/netns.ts';
import {
  AF_INET,
  AF_INET6,
  DIAG,
  IPPROTO_TCP,
  IPPROTO_UDP,
  portAt,
  SockDiag,
} from '../../linux/sock-diag.ts';
import type { Reader } from '../rtnetlink/netlink.ts';
import { SocketOwners } from './socket-owners.ts';
import type { SourceHost, TopologySource } from './source.ts';

/** As in net/tcp_states.h. TIME_WAIT and half-open sockets belong to nobody and change all the time. */
const TCP_STATES: Readonly<Record<number, string>> = {
  1: 'ESTABLISHED',
  2: 'SYN_SENT',
  3: 'SYN_RECV',
  4: 'FIN_WAIT1',
  5: 'FIN_WAIT2',
  8: 'CLOSE_WAIT',
  9: 'LAST_ACK',
  10: 'LISTEN',
  11: 'CLOSING',
};
/** A UDP socket has a peer or none; what the kernel borrows for that from TCP would read as closed. */
const UDP_STATES: Readonly<Record<number, string>> = { 1: 'ESTABLISHED', 7: 'UNCONNECTED' };

const KINDS = [
  { protocol: IPPROTO_TCP, name: 'TCP', states: TCP_STATES },
  { protocol: IPPROTO_UDP, name: 'UDP', states: UDP_STATES },
] as const;

interface Found {
  readonly protocol: string;
  readonly state: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly inode: number;
}

export class SocketinfoSource implements TopologySource {
  readonly #everyMs: number;
  readonly #owners = new SocketOwners();
  #sockets = 0;
  #cut = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  status(): Record<string, Json> {
    return { sockets: this.#sockets, socketsCut: this.#cut, descriptorsCut: this.#owners.descriptorsCut };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    for (;;) {
      const bySpace = readAll(host);
      const inodes = new Set([...bySpace.values()].flat().map(({ inode }) => inode));
      await this.#owners.learn(inodes);
      this.#show(host, bySpace);
      await setTimeout(this.#everyMs, undefined, { signal });
    }
  }

  #show(host: SourceHost, bySpace: ReadonlyMap<string, readonly Found[]>): void {
    const keys = new Map<string, Metadata>();
    this.#sockets = 0;
    for (const [nodeId, found] of bySpace) {
      this.#sockets += found.length;
      if (found.length > limits.socketsPerNodeMax) this.#cut += found.length - limits.socketsPerNodeMax;
      const shown = found.toSorted(inOrder).slice(0, limits.socketsPerNodeMax);
      if (shown.length > 0) keys.set(nodeId, { Sockets: shown.map((each) => this.#metadata(each)) });
    }
    host.show({ nodes: [], edges: [], keys });
  }

  #metadata(found: Found): Metadata {
    const owner = this.#owners.ownerOf(found.inode);
    return {
      Process: owner?.path ?? '',
      Pid: owner?.pid ?? 0,
      Name: owner?.name ?? '',
      LocalAddress: found.localAddress,
      LocalPort: found.localPort,
      RemoteAddress: found.remoteAddress,
      RemotePort: found.remotePort,
      Protocol: found.protocol,
      State: found.state,
    };
  }
}

/** Node id of the host or a namespace → its sockets. Throws LinuxError when the kernel does not tell at all. */
function readAll(host: SourceHost): Map<string, readonly Found[]> {
  const bySpace = new Map<string, readonly Found[]>();
  for (const { nodeId, entry } of host.namespaces()) {
    try {
      bySpace.set(
        nodeId,
        inNetns(entry, () => readSockets(host)),
      );
    } catch (error) {
      if (entry === null) throw error;
      host.complain(`sockets of a namespace: ${messageOf(error)}`);
    }
  }
  return bySpace;
}

/** Of the namespace that this thread is in. Throws LinuxError. */
function readSockets(host: SourceHost): Found[] {
  const diag = new SockDiag();
  const found: Found[] = [];
  try {
    for (const kind of KINDS) {
      const states = Object.keys(kind.states).reduce((mask, state) => mask | (1 << Number(state)), 0);
      for (const family of [AF_INET, AF_INET6] as const)
        diag.ask({ family, protocol: kind.protocol, states }, (body) => {
          const inode = body.u32(DIAG.inode);
          if (inode !== 0) found.push(foundOf(family, kind, body));
        });
    }
  } catch (error) {
    // A kernel without udp_diag tells of TCP all the same.
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    host.complain('this kernel does not tell of all kinds of sockets (inet_diag, udp_diag)');
  } finally {
    diag.close();
  }
  return found;
}

function foundOf(family: number, kind: (typeof KINDS)[number], body: Reader): Found {
  const address = (at: number): string => {
    const bytes = body.part(at, at + 16).bytes();
    return family === AF_INET ? formatIpv4(bytes) : formatIpv6(bytes);
  };
  return {
    protocol: kind.name,
    state: kind.states[body.u8(DIAG.state)] ?? 'UNKNOWN',
    localAddress: address(DIAG.localAddress),
    localPort: portAt(body, DIAG.localPort),
    remoteAddress: address(DIAG.remoteAddress),
    remotePort: portAt(body, DIAG.remotePort),
    inode: body.u32(DIAG.inode),
  };
}

/** Those that listen first, then always the same way, so that the same sockets are the same metadata. */
function inOrder(a: Found, b: Found): number {
  const rank = ({ state }: Found): number => (state === 'LISTEN' ? 0 : 1);
  return (
    rank(a) - rank(b) ||
    compare(a.protocol, b.protocol) ||
    a.localPort - b.localPort ||
    compare(a.localAddress, b.localAddress) ||
    compare(a.remoteAddress, b.remoteAddress) ||
    a.remotePort - b.remotePort ||
    a.inode - b.inode
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
