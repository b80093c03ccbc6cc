/**
 * Who is on the wire, by what their frames said and for how long it holds: neighbours come with a frame and go when
 * they say goodbye or fall silent. What they are on the graph: a switch and its port, joined to the interface that
 * heard it. A switch that several hosts hear is one node, because its id is made of what it says of itself.
 */
import type { Metadata } from '../../../core/graph/element.ts';
import { uuidV5 } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import type { Neighbour } from './lldp-frame.ts';
import type { OwnEdge, OwnNode, Picture } from './source.ts';

interface Heard {
  readonly neighbour: Neighbour;
  readonly ifIndex: number;
  readonly untilMs: number;
}

export class LldpNeighbours {
  readonly #heard = new Map<string, Heard>();

  get size(): number {
    return this.#heard.size;
  }

  /** `new`: the picture is another now; `full`: no room for it. */
  hear(neighbour: Neighbour, ifIndex: number, nowMs: number): 'new' | 'same' | 'full' {
    // By what the standard knows it by, so that a switch with a new name is no second one.
    const { chassisIdType, chassisId, portIdType, portId } = neighbour;
    const key = JSON.stringify([ifIndex, chassisIdType, chassisId, portIdType, portId]);
    const before = this.#heard.get(key);
    if (neighbour.ttlSeconds === 0) return this.#heard.delete(key) ? 'new' : 'same';
    if (before === undefined && this.#isFull(ifIndex)) return 'full';
    this.#heard.set(key, { neighbour, ifIndex, untilMs: nowMs + neighbour.ttlSeconds * 1000 });
    return JSON.stringify(before?.neighbour) === JSON.stringify(neighbour) ? 'same' : 'new';
  }

  #isFull(ifIndex: number): boolean {
    let count = 0;
    for (const heard of this.#heard.values()) if (heard.ifIndex === ifIndex) count++;
    return count >= limits.lldpNeighboursMax || this.#heard.size >= limits.sourceElementsMax;
  }

  /** Whether somebody fell silent. */
  expire(nowMs: number): boolean {
    const before = this.#heard.size;
    for (const [key, { untilMs }] of this.#heard) if (untilMs <= nowMs) this.#heard.delete(key);
    return this.#heard.size < before;
  }

  /** `nodeOf`: the interface's node, undefined when it is not there. */
  picture(nodeOf: (ifIndex: number) => string | undefined): Picture {
    const nodes = new Map<string, OwnNode>();
    const edges: OwnEdge[] = [];
    for (const { neighbour, ifIndex } of this.#heard.values()) {
      const interfaceId = nodeOf(ifIndex);
      if (interfaceId === undefined) continue;
      const switchId = switchIdOf(neighbour);
      const portId = portIdOf(neighbour);
      const metadata = switchMetadata(neighbour, switchId);
      // Ports of one switch may differ in what they know of it; the last one heard counts.
      nodes.set(switchId, { id: switchId, owner: { kind: 'nobody' }, metadata });
      nodes.set(portId, {
        id: portId,
        owner: { kind: 'node', id: switchId },
        metadata: portMetadata(neighbour),
      });
      for (const [parent, child] of [
        [switchId, portId],
        [portId, interfaceId],
      ] as const)
        edges.push({ parent, child, metadata: { RelationType: 'layer2' } });
    }
    return { nodes: [...nodes.values()], edges, keys: new Map() };
  }
}

/** As the reference makes them, so that all hosts make the same. */
function switchIdOf({ sysName, mgmtAddress, chassisId, chassisIdType }: Neighbour): string {
  return uuidV5(
    sysName !== '' && mgmtAddress !== ''
      ? [sysName, 'SysName', mgmtAddress, 'MgmtAddress'].join('/')
      : [chassisId, chassisIdType].join('/'),
  );
}

function portIdOf(neighbour: Neighbour): string {
  return uuidV5([switchIdOf(neighbour), neighbour.portId, neighbour.portIdType].join('/'));
}

function switchMetadata(neighbour: Neighbour, id: string): Metadata {
  const { chassisId, chassisIdType, sysName, sysDescription, mgmtAddress } = neighbour;
  return {
    Name: sysName || chassisId,
    Type: 'switch',
    Probe: 'lldp',
    TID: id,
    LLDP: {
      ChassisID: chassisId,
      ChassisIDType: chassisIdType,
      ...said('SysName', sysName),
      ...said('Description', sysDescription),
      ...said('MgmtAddress', mgmtAddress),
    },
  };
}

function portMetadata({ portId, portIdType, portDescription, port, mtu }: Neighbour): Metadata {
  const isAddress = portIdType === 'MAC Address' || portIdType === 'Network Address';
  return {
    Name: (isAddress && portDescription) || portId,
    Type: 'switchport',
    Probe: 'lldp',
    LLDP: { PortID: portId, PortIDType: portIdType, ...said('Description', portDescription), ...port },
    ...(mtu === undefined ? {} : { MTU: mtu }),
  };
}

function said(key: string, text: string): Metadata {
  return text === '' ? {} : { [key]: text };
}
