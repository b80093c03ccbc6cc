/**
 * Which sources run and where they find what they follow, from one text: `docker,ovsdb=/run/x.sock` names exactly
 * these, `+lldp,-docker` changes the usual ones. Names are the reference's (topology notes, section 6).
 */
import { DurationError, parseGoDuration } from '../../../core/go-duration.ts';

export const SOURCE_NAMES = ['docker', 'runc', 'libvirt', 'ovsdb', 'lldp', 'socketinfo', 'k8s'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

export interface SourceSetting {
  /** Sockets, folders, interfaces or a duration, as the source's file says. */
  readonly places: readonly string[];
  /** Named by somebody, not just usual. */
  readonly isAsked: boolean;
}

export type SourceSettings = ReadonlyMap<SourceName, SourceSetting>;

/** A setting that cannot be; the message says which and what would fit. */
export class SourceSettingError extends Error {
  override readonly name = 'SourceSettingError';
}

/** Those that cost nothing where what they follow is not there. */
const USUAL: readonly SourceName[] = ['docker', 'runc', 'libvirt', 'ovsdb'];

const PLACES: Readonly<Record<SourceName, readonly string[]>> = {
  docker: ['/var/run/docker.sock'],
  runc: ['/run/containerd/runc', '/run/runc', '/run/runc-ctrs'],
  libvirt: ['/run/libvirt/qemu', '/run/libvirt/lxc'],
  ovsdb: ['/var/run/openvswitch/db.sock'],
  // Every interface that can have a neighbour.
  lldp: [],
  socketinfo: ['10s'],
  // In a pod; on a node of k3s; where kubeadm made a control plane.
  k8s: [
    '/var/run/secrets/kubernetes.io/serviceaccount',
    '/etc/rancher/k3s/k3s.yaml',
    '/etc/kubernetes/admin.conf',
  ],
};

const SOCKETINFO_MS_MIN = 1_000;

/** Throws SourceSettingError. */
export function readSourceSettings(text: string | undefined): SourceSettings {
  const items = (text ?? '').split(',').map((item) => item.trim());
  const isChange = text === undefined || items.every((item) => /^[+-]/.test(item));
  const settings = new Map<SourceName, SourceSetting>(
    isChange ? USUAL.map((name) => [name, { places: PLACES[name], isAsked: false }]) : [],
  );
  if (text === undefined || text === 'none') return settings;
  for (const item of items) {
    if (!isChange && /^[+-]/.test(item))
      throw new SourceSettingError(`${item}: either names, or changes that all begin with + or -`);
    const [word, place] = divide(item.replace(/^[+-]/, ''));
    const name = SOURCE_NAMES.find((known) => known === word);
    if (name === undefined)
      throw new SourceSettingError(`unsupported probe ${word}; there are ${SOURCE_NAMES.join(', ')}`);
    if (item.startsWith('-')) settings.delete(name);
    else settings.set(name, { places: placesOf(name, place), isAsked: true });
  }
  return settings;
}

function divide(item: string): [name: string, place: string | undefined] {
  const at = item.indexOf('=');
  return at < 0 ? [item, undefined] : [item.slice(0, at), item.slice(at + 1)];
}

function placesOf(name: SourceName, text: string | undefined): readonly string[] {
  if (text === undefined) return PLACES[name];
  const refuse = (wanted: string): never => {
    throw new SourceSettingError(`${name}=${text}: ${wanted}`);
  };
  switch (name) {
    case 'docker':
      return [socketPath(text) ?? refuse('the path of a socket, as /run/podman/podman.sock')];
    case 'ovsdb':
      if (/^tcp:(\/\/)?[^/]+:\d+$/.test(text)) return [text.replace('//', '')];
      return [socketPath(text) ?? refuse('the path of a socket, or tcp:HOST:PORT')];
    case 'runc':
    case 'libvirt': {
      const folders = text.split(':');
      return folders.every((folder) => folder.startsWith('/')) ? folders : refuse('folders, joined by :');
    }
    case 'k8s':
      return text.startsWith('/') ? [text] : refuse('a kubeconfig file, or the folder of a service account');
    case 'lldp': {
      const names = text.split(':');
      return names.every((each) => /^[^\s/]{1,15}$/.test(each)) ? names : refuse('interfaces, joined by :');
    }
    case 'socketinfo':
      return durationMs(text) >= SOCKETINFO_MS_MIN ? [text] : refuse('a time of at least 1s, as 30s');
  }
}

function socketPath(text: string): string | undefined {
  const path = text.replace(/^unix:(\/\/)?(?=\/)/, '');
  return path.startsWith('/') ? path : undefined;
}

function durationMs(text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (error instanceof DurationError) return Number.NaN;
    throw error;
  }
}
