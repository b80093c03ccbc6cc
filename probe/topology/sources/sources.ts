/**
 * The sources of this host's topology that are wanted, each in a runner of its own: one that fails, or that answers
 * garbage, is its own affair. To add one: a file with a `TopologySource`, its name and place in `settings.ts`, a line
 * in `make`.
 */
import type { GraphEvent, Json } from '../../../core/graph/element.ts';
import { DockerSource } from './docker.ts';
import { K8sSource } from './k8s.ts';
import { LibvirtSource } from './libvirt.ts';
import { LldpSource } from './lldp.ts';
import { OvsdbSource } from './ovsdb.ts';
import { parseGoDuration } from '../../../core/go-duration.ts';
import { RuncSource } from './runc.ts';
import { SocketinfoSource } from './socketinfo.ts';
import { SOURCE_NAMES, type SourceName, type SourceSetting, type SourceSettings } from './settings.ts';
import { SourceRunner, type RunnerOptions } from './source-runner.ts';
import type { TopologySource } from './source.ts';

type Shared = Omit<RunnerOptions, 'name' | 'source' | 'places' | 'isAsked'>;

export class Sources {
  readonly #runners: readonly SourceRunner[];

  constructor(settings: SourceSettings, shared: Shared) {
    this.#runners = [...settings].map(
      ([name, setting]) =>
        new SourceRunner({
          ...shared,
          name,
          ...make(name, setting),
          isAsked: setting.isAsked,
        }),
    );
  }

  start(): void {
    for (const runner of this.#runners) runner.start();
  }

  stop(): void {
    for (const runner of this.#runners) runner.stop();
  }

  graphChanged(events: readonly GraphEvent[]): void {
    for (const runner of this.#runners) runner.graphChanged(events);
  }

  /** Every source by name; those not wanted are `off`. */
  status(): Record<string, Json> {
    const status: Record<string, Json> = {};
    for (const name of SOURCE_NAMES) status[name] = { state: 'off' };
    for (const runner of this.#runners) status[runner.name] = runner.status();
    return status;
  }
}

/** The source, and the files one of which must be there before it is tried. */
function make(
  name: SourceName,
  { places }: SourceSetting,
): { readonly source: TopologySource; readonly places: readonly string[] } {
  switch (name) {
    case 'docker':
      return { source: new DockerSource(places[0]!), places };
    case 'runc':
      return { source: new RuncSource(places), places };
    case 'libvirt':
      return { source: new LibvirtSource(places), places };
    case 'k8s':
      return { source: new K8sSource(places), places };
    case 'lldp':
      return { source: new LldpSource(places), places: [] };
    case 'socketinfo':
      return { source: new SocketinfoSource(parseGoDuration(places[0]!)), places: [] };
    case 'ovsdb': {
      const place = places[0]!;
      return { source: new OvsdbSource(place), places: place.startsWith('/') ? [place] : [] };
    }
  }
}
