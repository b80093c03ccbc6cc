/**
 * What runc's `state.json` says of a container (topology notes, section 11), and what else is needed to tell how it
 * is: whether its first process still is the one that was started, and the hosts file that it got.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, Metadata } from '../../../core/graph/element.ts';
import { integerOf, listOf, normalised, objectOf, textOf } from './json-read.ts';
import { parseJson } from './json-stream.ts';
import { readSmallFile } from './small-file.ts';
import { SourceError } from './source.ts';

export interface RuncState {
  readonly id: string;
  readonly pid: number;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Metadata;
  readonly hosts: Metadata;
  /** Clock ticks after boot, as /proc tells; 0 = not told. */
  readonly startedAt: number;
  /** Lives in the namespaces of another: its own name is not theirs. */
  readonly hasJoined: boolean;
}

/** Annotations of containerd's CRI, of CRI-O and of older kubelets, in this order. */
const NAMES = [
  'io.kubernetes.cri.container-name',
  'io.kubernetes.cri-o.ContainerName',
  'io.kubernetes.container.name',
  'io.kubernetes.cri.sandbox-name',
];
const IMAGES = ['io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName'];
const IMAGE_IDS = ['io.kubernetes.cri-o.ImageRef'];
/** What a container was made from, as JSON in one label. */
const CREATE_CONFIG = 'create-config';
/** A label of runc's own. */
const BUNDLE = 'bundle';

/** Throws SourceError when it is no state, and Node's errors. */
export function readRuncState(folder: string): RuncState {
  const state = objectOf(parseJson(readSmallFile(join(folder, 'state.json'))));
  const config = objectOf(state['config']);
  const id = textOf(state['id']);
  const pid = integerOf(state['init_process_pid']);
  if (id === '' || pid <= 0) throw new SourceError(`${folder}/state.json is no state of a container`);
  const labels = labelsOf(config['labels']);
  const first = (keys: readonly string[]): string => keys.map((key) => labels[key] ?? '').find(Boolean) ?? '';
  const created = createConfigOf(labels[CREATE_CONFIG]);
  const { [CREATE_CONFIG]: _config, [BUNDLE]: _bundle, ...others } = labels;
  return {
    id,
    pid,
    name: first(NAMES) || id,
    image: first(IMAGES) || textOf(created['image']) || textOf(created['Image']),
    imageId: first(IMAGE_IDS) || textOf(created['imageID']) || textOf(created['ImageID']),
    labels: normalised(others),
    hosts: hostsOf(config),
    startedAt: Number(state['init_process_start']) || 0,
    hasJoined: listOf(config['namespaces']).some((entry) => {
      const { type, path } = objectOf(entry);
      return type === 'NEWNET' && textOf(path) !== '';
    }),
  };
}

/** Its process is compared by its start, because numbers of processes come again. */
export function statusOf(folder: string, { pid, startedAt }: RuncState): 'created' | 'running' | 'stopped' {
  const start = processStart(pid);
  if (start === undefined || (startedAt !== 0 && start !== startedAt)) return 'stopped';
  return existsSync(join(folder, 'exec.fifo')) ? 'created' : 'running';
}

/** Field 22 of proc_pid_stat(5), behind a name that may hold anything; undefined = no such process, or a dead one. */
function processStart(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

function labelsOf(value: Json | undefined): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const label of listOf(value)) {
    const text = textOf(label);
    const at = text.indexOf('=');
    if (at > 0) labels[text.slice(0, at)] = text.slice(at + 1);
  }
  return labels;
}

function createConfigOf(text: string | undefined): Metadata {
  if (text === undefined) return {};
  try {
    return objectOf(parseJson(text));
  } catch {
    return {};
  }
}

/** {IP, Hostname, ByIP} from the file that is the container's /etc/hosts; empty without one. */
function hostsOf(config: Metadata): Metadata {
  const mount = listOf(config['mounts'])
    .map((each) => objectOf(each))
    .find(({ destination }) => destination === '/etc/hosts');
  const path = textOf(mount?.['source']);
  if (!path.startsWith('/')) return {};
  let text: string;
  try {
    text = readSmallFile(path);
  } catch {
    return {};
  }
  return parseHosts(text, textOf(config['hostname']));
}

/** As hosts(5). */
export function parseHosts(text: string, hostname: string): Metadata {
  const byIp: Record<string, string> = {};
  let ip = '';
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === undefined || address === '' || names.length === 0) continue;
    byIp[address] ??= names[0]!;
    if (ip === '' && names.includes(hostname)) ip = address;
  }
  if (Object.keys(byIp).length === 0) return {};
  return { ...(ip === '' ? {} : { IP: ip, Hostname: hostname }), ByIP: byIp };
}
