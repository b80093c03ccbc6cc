/** What a rule about a difference sees, and the flow members that rules look at. */
import type { FlowTableOptions } from '../../core/flow/table.ts';
import type { PcapPacket } from '../../core/packet/pcap-file.ts';
import { flatten } from './flows-case.ts';
import type { Json } from './flows-case.ts';

export interface Difference {
  readonly expected: Json;
  readonly actual: Json;
  /** All flows of the run, for rules about sums. */
  readonly expectedFlows: readonly Json[];
  readonly actualFlows: readonly Json[];
  readonly options: FlowTableOptions;
  readonly packets: readonly PcapPacket[];
}

export interface Rule {
  readonly name: string;
  readonly reason: string;
  /** True when the difference at this field is exactly what this mend makes. */
  explains(field: string, difference: Difference): boolean;
}

export function text(flow: Json, field: string): string {
  const value = flatten(flow).get(field);
  return typeof value === 'string' ? value : '';
}

/** 0 where there is none. */
export function number(flow: Json, field: string): number {
  const value = flatten(flow).get(field);
  return typeof value === 'number' ? value : 0;
}
