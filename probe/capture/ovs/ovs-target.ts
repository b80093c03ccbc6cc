/** What Open vSwitch is told to hand over for a capture. */
import type { Json } from '../../../core/graph/element.ts';

export const OVS_TYPES = ['ovsmirror', 'ovssflow', 'ovsnetflow'] as const;
export type OvsType = (typeof OVS_TYPES)[number];

export interface OvsTarget {
  readonly type: OvsType;
  /** Of the port's or bridge's row. */
  readonly uuid: string;
  /** One packet of so many; 0 = none. */
  readonly samplingRate: number;
  /** Seconds between counters; 0 = none. */
  readonly pollingInterval: number;
  /** Seconds after which a flow that goes on is told. */
  readonly activeTimeoutS: number;
  /** Of a port; a mirror copies them, and is made anew when they change. */
  readonly vlans?: Json;
}
