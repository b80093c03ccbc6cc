/**
 * Virtual machines that libvirt runs (topology notes, section 12), from the status files that its daemons keep of each
 * running domain, so that none of its libraries and no connection is needed. A tap of the host gets what it is to
 * the machine; devices that the machine has to itself are nodes.
 */
import { existsSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { GraphEvent, Json, Metadata } from '../../../core/graph/element.ts';
import { messageOf } from '../../../core/errors.ts';
import { uuidV5 } from '../../../core/ids.ts';
import { limits, timings } from '../../../core/limits.ts';
import { interfacesNamed } from './host-interfaces.ts';
import { readDomain, type Domain, type DomainInterface } from './libvirt-domain.ts';
import { Soon } from './soon.ts';
import type { OwnEdge, OwnNode, Picture, SourceHost, TopologySource } from './source.ts';

interface Known {
  /** Of the file, to see whether it is another. */
  readonly stamp: string;
  /** undefined: the file cannot be read as one. */
  readonly domain: Domain | undefined;
}

export class LibvirtSource implements TopologySource {
  readonly #folders: readonly string[];
  #domains = 0;

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  status(): Record<string, Json> {
    return { domains: this.#domains };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const known = new Map<string, Known>();
    const devs = new Set<Json>();
    const show = (): void => {
      const domains = look(host, this.#folders, known);
      this.#domains = domains.length;
      devs.clear();
      for (const { interfaces } of domains) for (const { dev } of interfaces) devs.add(dev);
      host.show(pictureOf(host, domains));
    };
    const shown = new Soon(show, signal);
    const watchers = this.#folders.flatMap((folder) => watchFolder(folder, () => shown.ask()));
    const timer = setInterval(() => shown.ask(), timings.stateFolderCheckMs);
    try {
      show();
      host.onGraph((events) => {
        if (events.some((event) => isDevice(event, devs))) shown.ask();
      });
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await Promise.race([stopped, shown.failed]);
    } finally {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    }
  }
}

/** The interface may be made after the domain's file was written. */
function isDevice(event: GraphEvent, devs: ReadonlySet<Json>): boolean {
  return event.kind === 'nodeAdded' && devs.has(event.node.metadata['Name'] ?? null);
}

/** None without inotify, or while the folder is not there: the look at intervals has to do. */
function watchFolder(folder: string, onChange: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

/** The domains whose process is there; files are read again only when they are others. */
function look(host: SourceHost, folders: readonly string[], known: Map<string, Known>): Domain[] {
  const files = folders.flatMap((folder) => list(folder));
  if (files.length > limits.sourceElementsMax) host.complain(`more than ${limits.sourceElementsMax} domains`);
  const listed = new Set(files.slice(0, limits.sourceElementsMax));
  for (const path of known.keys()) if (!listed.has(path)) known.delete(path);
  const domains: Domain[] = [];
  for (const path of listed) {
    const domain = domainOf(host, path, known);
    if (domain !== undefined && existsSync(`/proc/${domain.pid}`)) domains.push(domain);
  }
  return domains;
}

function list(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.xml'));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function domainOf(host: SourceHost, path: string, known: Map<string, Known>): Domain | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  const stamp = `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`;
  const before = known.get(path);
  if (before?.stamp === stamp) return before.domain;
  let domain: Domain | undefined;
  try {
    domain = readDomain(path);
  } catch (error) {
    host.complain(messageOf(error));
  }
  known.set(path, { stamp, domain });
  return domain;
}

function pictureOf(host: SourceHost, domains: readonly Domain[]): Picture {
  const nodes: OwnNode[] = [];
  const edges: OwnEdge[] = [];
  const keys = new Map<string, Metadata>();
  const owner = { kind: 'node', id: host.nodeId } as const;
  for (const domain of domains) {
    const id = uuidV5([host.hostId, 'libvirt', domain.uuid].join('/'));
    nodes.push({ id, owner, metadata: { Name: domain.name, Type: 'libvirt', State: domain.state } });
    for (const each of domain.interfaces) {
      const [device] = each.dev === '' ? [] : interfacesNamed(host, each.dev);
      if (device === undefined) continue;
      keys.set(device.id, keysOf(domain, each));
      edges.push({ parent: device.id, child: id, metadata: { RelationType: 'vlayer2' } });
    }
    for (const address of domain.passedThrough) {
      const deviceId = uuidV5([host.hostId, 'pci', address].join('/'));
      const metadata = { Name: address, Type: 'device', Driver: 'pci-passthrough', BusInfo: address };
      nodes.push({ id: deviceId, owner, metadata });
      edges.push({ parent: deviceId, child: id, metadata: { RelationType: 'vlayer2' } });
    }
  }
  return { nodes, edges, keys };
}

/** PeerIntfMAC is what the analyzer joins peers by. */
function keysOf(domain: Domain, { mac, busType, busInfo, alias }: DomainInterface): Metadata {
  return {
    Libvirt: { MAC: mac, Domain: domain.name, BusType: busType, BusInfo: busInfo, Alias: alias },
    ...(mac === '' ? {} : { PeerIntfMAC: mac }),
  };
}
