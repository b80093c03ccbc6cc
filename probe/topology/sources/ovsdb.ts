/**
 * Open vSwitch as its database tells it (topology notes, section 13): the tables are monitored, and the picture is
 * made anew, whole, after a change of theirs or of the kernel's devices that carry one of their names.
 */
import type { GraphEvent, Json } from '../../../core/graph/element.ts';
import { timings } from '../../../core/limits.ts';
import { OvsdbClient, type OvsdbPlace } from './ovsdb-client.ts';
import { DATAPATHS, OvsdbPicture } from './ovsdb-picture.ts';
import { monitorRequest, OvsdbTables } from './ovsdb-tables.ts';
import { Soon } from './soon.ts';
import { SourceError, type SourceHost, type TopologySource } from './source.ts';

const DATABASE = 'Open_vSwitch';
/** Of rows that are gone some are kept too; all of them are made anew sometimes. */
const IDS_KEPT_MAX = 100_000;

export class OvsdbSource implements TopologySource {
  readonly #place: OvsdbPlace;
  #updates = 0;
  #rows = 0;

  constructor(place: OvsdbPlace) {
    this.#place = place;
  }

  status(): Record<string, Json> {
    return { updates: this.#updates, rowsChanged: this.#rows };
  }

  async follow(host: SourceHost, signal: AbortSignal): Promise<void> {
    const view = new OvsdbView(host, signal);
    const apply = (updates: Json): void => {
      this.#updates++;
      this.#rows += view.apply(updates);
    };
    const client = new OvsdbClient(this.#place, signal, apply);
    const request = await client.ask('get_schema', [DATABASE], monitorRequest);
    if (request['Bridge'] === undefined) throw new SourceError(`its ${DATABASE} has no bridges`);
    await client.ask('monitor', [DATABASE, 'edgedive', request], apply);
    view.show();
    host.onGraph((events) => view.graphChanged(events));
    await Promise.race([client.ended, view.shown.failed, view.late.failed]);
  }
}

/** Tables, the kernel's devices, and when to look at them again. */
class OvsdbView {
  readonly shown: Soon;
  readonly late: Soon;
  readonly #tables = new OvsdbTables();
  readonly #host: SourceHost;
  readonly #ids = new Map<string, string>();
  /** Of the kernel's devices that concern us; undefined = to be gathered anew. */
  #names: ReadonlySet<string> | undefined;
  /** Interfaces without a device of the kernel, and since when. */
  readonly #missingSinceMs = new Map<string, number>();

  constructor(host: SourceHost, signal: AbortSignal) {
    this.#host = host;
    this.shown = new Soon(() => this.show(), signal);
    this.late = new Soon(() => this.show(), signal, timings.netnsGraceMs);
  }

  /** The number of rows that changed. They are shown soon. */
  apply(updates: Json): number {
    this.#names = undefined;
    this.shown.ask();
    return this.#tables.apply(updates);
  }

  show(): void {
    const now = Date.now();
    const isLate = (uuid: string): boolean =>
      now - (this.#missingSinceMs.get(uuid) ?? now) >= timings.netnsGraceMs;
    if (this.#ids.size > IDS_KEPT_MAX) this.#ids.clear();
    const picture = new OvsdbPicture(this.#tables, this.#host, isLate, this.#ids);
    this.#host.show(picture.make());
    for (const uuid of this.#missingSinceMs.keys())
      if (!picture.missing.has(uuid)) this.#missingSinceMs.delete(uuid);
    for (const uuid of picture.missing) {
      if (!this.#missingSinceMs.has(uuid)) this.#missingSinceMs.set(uuid, now);
      if (!isLate(uuid)) this.late.ask();
    }
  }

  /** The kernel's device of an interface may come after the row, go before it, and change its name. */
  graphChanged(events: readonly GraphEvent[]): void {
    this.#names ??= new Set([
      ...DATAPATHS,
      ...[...this.#tables.rows('Interface')].map((row) => row.text('name')),
    ]);
    const names = this.#names;
    const isOurs = (name: Json | undefined): boolean => typeof name === 'string' && names.has(name);
    const concerns = (event: GraphEvent): boolean => {
      switch (event.kind) {
        case 'nodeAdded':
        case 'nodeDeleted':
          return isOurs(event.node.metadata['Name']);
        case 'nodeUpdated': {
          const [before, after] = [event.before.metadata, event.node.metadata];
          const isSame = ['Name', 'IfIndex', 'MAC'].every((key) => before[key] === after[key]);
          return !isSame && (isOurs(before['Name']) || isOurs(after['Name']));
        }
        case 'edgeAdded':
        case 'edgeUpdated':
        case 'edgeDeleted':
          return false;
      }
    };
    if (events.some(concerns)) this.shown.ask();
  }
}
