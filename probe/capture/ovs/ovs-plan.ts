/** What a capture on a node of an Open vSwitch needs to know of it: such nodes are rows of its database, not devices. */
import type { Capture } from '../../../core/capture/capture.ts';
import type { GraphNode } from '../../../core/graph/element.ts';
import { isJsonObject } from '../../../core/graph/metadata.ts';
import { timings } from '../../../core/limits.ts';
import type { CapturedInterface } from '../captured-interface.ts';
import { CAPTURE_KEY } from './ovs-rows.ts';
import { OVS_TYPES, type OvsTarget } from './ovs-target.ts';

/** Of bridges and ports alone; undefined for all other nodes. */
export function ovsNodeOf({ metadata }: GraphNode): CapturedInterface | undefined {
  const { Name, Type, TID } = metadata;
  if (Type !== 'ovsbridge' && Type !== 'ovsport') return undefined;
  const name = typeof Name === 'string' ? Name : '';
  const tid = typeof TID === 'string' ? TID : '';
  return { netnsPath: null, name, ifIndex: 0, tid, encapType: 'ether', up: true };
}

export function ovsTargetOf(type: string, capture: Capture, { metadata }: GraphNode): OvsTarget | undefined {
  const ovsType = OVS_TYPES.find((known) => known === type);
  const { UUID: uuid, Vlans: vlans } = metadata;
  if (ovsType === undefined || typeof uuid !== 'string') return undefined;
  const { SamplingRate: samplingRate, PollingInterval: pollingInterval } = capture;
  const activeTimeoutS = pollingInterval || timings.flowUpdateMs / 1_000;
  return {
    type: ovsType,
    uuid,
    samplingRate,
    pollingInterval,
    activeTimeoutS,
    ...(vlans === undefined ? {} : { vlans }),
  };
}

/** Made by a capture, of this probe or another: to capture there would only make more of them. */
export function isMadeByCapture({ metadata }: GraphNode): boolean {
  const ids = metadata['ExtID'];
  return isJsonObject(ids) && Object.hasOwn(ids, CAPTURE_KEY);
}
