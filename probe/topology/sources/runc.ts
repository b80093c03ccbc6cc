/**
 * Containers that runc runs, as its state files tell (topology notes, section 11): those of containerd, CRI-O, and
 * runc by hand. One that an engine has told of already, by its first process, is the engine's.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../core/graph/element.ts';
import { messageOf } from '../../../core/errors.ts';
import { uuidV5 } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { objectOf } from './json-read.ts';
import { readRuncState, statusOf, type RuncState } from './runc-state.ts';
import { Soon } from './soon.ts';
import type { OwnNode, SourceHost, TopologySource } from './source.ts';
import { StateFolders } from './state-folders.ts';

interface Known {
  /** Of the file, to see whether it is another. */
  readonly stamp: string;
  /** undefined: the file cannot be read as one. */
  readonly state: RuncState | undefined;
}

export class RuncSource implements TopologySource {
  readonly #roots: readonly string[];
  #containers = 0;
  #watched = 0;

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  status(): Record<string, Json> {
    return { containers: this.#containers, foldersWatched: this.#watched };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const known = new Map<string, Known>();
    const shown = new Soon(() => this.#show(host, folders, known), signal);
    const folders = new StateFolders(this.#roots, () => shown.ask());
    try {
      this.#show(host, folders, known);
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await Promise.race([stopped, shown.failed]);
    } finally {
      folders.close();
    }
  }

  #show(host: SourceHost, folders: StateFolders, known: Map<string, Known>): void {
    const there = folders.list();
    if (there.length > limits.sourceElementsMax)
      host.complain(`more than ${limits.sourceElementsMax} containers`);
    const listed = new Set(there.slice(0, limits.sourceElementsMax));
    for (const folder of known.keys()) if (!listed.has(folder)) known.delete(folder);
    const elsewhere = processesOfEngines(host);
    const makers: OwnNode[] = [];
    const joiners: OwnNode[] = [];
    for (const folder of listed) {
      const state = stateOf(host, folder, known);
      if (state === undefined || elsewhere.has(state.pid)) continue;
      const status = statusOf(folder, state);
      // Its network is gone, and it with it.
      if (status !== 'stopped') (state.hasJoined ? joiners : makers).push(nodeOf(host, state, status));
    }
    const nodes = [...makers, ...joiners];
    this.#containers = nodes.length;
    this.#watched = folders.watched;
    host.show({ nodes, edges: [], keys: new Map() });
  }
}

/** Read anew only when the file is another. */
function stateOf(host: SourceHost, folder: string, known: Map<string, Known>): RuncState | undefined {
  const stat = statSync(join(folder, 'state.json'), { throwIfNoEntry: false });
  const stamp = `${stat?.ino} ${stat?.mtimeMs} ${stat?.size}`;
  const before = known.get(folder);
  if (before?.stamp === stamp) return before.state;
  let state: RuncState | undefined;
  try {
    state = readRuncState(folder);
  } catch (error) {
    host.complain(messageOf(error));
  }
  known.set(folder, { stamp, state });
  return state;
}

function processesOfEngines({ graph }: SourceHost): Set<Json> {
  const processes = new Set<Json>();
  for (const { metadata } of graph.nodesWith?.('Type', 'container') ?? []) {
    const pid = objectOf(metadata['Container'])['InitProcessPID'];
    if (metadata['Manager'] !== 'runc' && pid !== undefined) processes.add(pid);
  }
  return processes;
}

function nodeOf(host: SourceHost, state: RuncState, status: string): OwnNode {
  const { id, pid, name, image, imageId, labels, hosts } = state;
  return {
    id: uuidV5([host.hostId, 'container', id].join('/')),
    owner: {
      kind: 'netns',
      path: `/proc/${pid}/ns/net`,
      label: { Name: name, Manager: 'runc', Runtime: 'runc', isNickname: true },
    },
    metadata: {
      Name: name,
      Type: 'container',
      Manager: 'runc',
      Container: {
        ID: id,
        ...(image === '' ? {} : { Image: image }),
        ...(imageId === '' ? {} : { ImageID: imageId }),
        Runtime: 'runc',
        Status: status,
        InitProcessPID: pid,
        ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
        ...(Object.keys(hosts).length > 0 ? { Hosts: hosts } : {}),
      },
    },
  };
}
