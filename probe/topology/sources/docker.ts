/**
 * Containers of a Docker engine (topology notes, section 11): listed and inspected at first, then followed by the
 * engine's events. A container is owned by its network namespace, which is found through its first process and
 * named after it; with the host's network, by the host.
 */
import { uuidV5 } from '../../../core/ids.ts';
import type { Json } from '../../../core/graph/element.ts';
import { limits } from '../../../core/limits.ts';
import { messageOf } from '../../../core/errors.ts';
import { DockerApi } from './docker-api.ts';
import { integerOf, listOf, normalised, objectOf, textOf, textsIn } from './json-read.ts';
import { Soon } from './soon.ts';
import { SourceError, type OwnNode, type Owner, type SourceHost, type TopologySource } from './source.ts';

/** Events after which a container is another, or gone. */
const EVENTS = ['start', 'die', 'destroy', 'rename', 'pause', 'unpause', 'update'];
const GONE = new Set(['die', 'destroy']);

export class DockerSource implements TopologySource {
  readonly #socketPath: string;
  #version = '';
  #events = 0;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  status(): Record<string, Json> {
    return { version: this.#version, events: this.#events };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const api = new DockerApi(this.#socketPath, signal);
    this.#version = await api.hello();
    // First listen, then look: what happens in between is told.
    const events = await api.events({ type: ['container'], event: EVENTS });
    const containers = new Containers(api, host);
    for (const entry of listOf(await api.get('/containers/json')))
      await containers.look(textOf(objectOf(entry)['Id']));
    containers.show();
    const shown = new Soon(() => containers.show(), signal);
    await Promise.race([this.#followEvents(events, containers, shown), shown.failed]);
    if (!signal.aborted) throw new SourceError('the engine ended the connection');
  }

  async #followEvents(events: AsyncGenerator<Json>, containers: Containers, shown: Soon): Promise<void> {
    for await (const event of events) {
      this.#events++;
      const { Action, Actor, status, id } = objectOf(event);
      const containerId = textOf(objectOf(Actor)['ID']) || textOf(id);
      if (GONE.has(textOf(Action) || textOf(status))) containers.forget(containerId);
      else await containers.look(containerId);
      shown.ask();
    }
  }
}

/** What is running, by container id. */
class Containers {
  readonly #api: DockerApi;
  readonly #host: SourceHost;
  readonly #known = new Map<string, { readonly node: OwnNode; readonly rank: string }>();

  constructor(api: DockerApi, host: SourceHost) {
    this.#api = api;
    this.#host = host;
  }

  /** Asks what the container is now. One that the engine cannot tell about is complained of and stays as it was. */
  async look(id: string): Promise<void> {
    if (!/^[\w.-]{1,128}$/.test(id)) {
      this.#host.complain(`not the id of a container: ${JSON.stringify(id.slice(0, 40))}`);
      return;
    }
    let inspected: Json | undefined;
    try {
      inspected = await this.#api.get(`/containers/${id}/json`);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#host.complain(`container ${id.slice(0, 12)}: ${messageOf(error)}`);
      return;
    }
    const node = inspected === undefined ? undefined : containerNode(this.#host, inspected);
    if (node === undefined) this.#known.delete(id);
    else if (this.#known.has(id) || this.#known.size < limits.sourceElementsMax)
      this.#known.set(id, { node, rank: rankOf(inspected) });
    else this.#host.complain(`more than ${limits.sourceElementsMax} containers`);
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  show(): void {
    const known = [...this.#known.values()].toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
    this.#host.show({ nodes: known.map(({ node }) => node), edges: [], keys: new Map() });
  }
}

/** Who made a namespace comes before who joined it, and names it; else in the order of their making. */
function rankOf(inspected: Json | undefined): string {
  const { Created, HostConfig } = objectOf(inspected);
  const hasJoined = textOf(objectOf(HostConfig)['NetworkMode']).startsWith('container:');
  return `${hasJoined ? 1 : 0} ${textOf(Created)}`;
}

/** undefined: it is not running. */
export function containerNode(host: SourceHost, inspected: Json): OwnNode | undefined {
  const { Id, Name, Image, State, Config, HostConfig } = objectOf(inspected);
  const state = objectOf(State);
  const pid = integerOf(state['Pid']);
  const id = textOf(Id);
  if (pid <= 0 || id === '') return undefined;
  const name = textOf(Name).replace(/^\//, '') || id;
  const labels = normalised(textsIn(objectOf(Config)['Labels']));
  const owner: Owner =
    textOf(objectOf(HostConfig)['NetworkMode']) === 'host'
      ? { kind: 'node', id: host.nodeId }
      : { kind: 'netns', path: `/proc/${pid}/ns/net`, label: { Name: name, Manager: 'docker' } };
  return {
    id: uuidV5([host.hostId, 'container', id].join('/')),
    owner,
    metadata: {
      Name: name,
      Type: 'container',
      Manager: 'docker',
      Container: {
        ID: id,
        Image: textOf(objectOf(Config)['Image']),
        ImageID: textOf(Image),
        Runtime: 'docker',
        Status: textOf(state['Status']),
        InitProcessPID: pid,
        ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
      },
    },
  };
}
