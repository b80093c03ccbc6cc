/** What captures on Open vSwitch are made of. */
import type { Log } from '../../log.ts';
import type { OvsdbPlace } from '../../topology/sources/ovsdb-client.ts';
import type { CapturedInterface } from '../captured-interface.ts';
import type { CaptureSource } from '../capture-source.ts';

export interface OvsSourceOptions {
  readonly place: OvsdbPlace;
  readonly hostId: string;
  /** Captures of packets. */
  readonly packets: CaptureSource;
  /** Captures of exporters' datagrams. */
  readonly exporters: CaptureSource;
  /** The kernel's interfaces of this name, in whatever namespace. */
  readonly devicesNamed: (name: string) => readonly CapturedInterface[];
  readonly log: Log;
}
