/**
 * RTM_NEWLINK and RTM_DELLINK of family AF_BRIDGE (linux/if_bridge.h): a bridge's word on one of its ports, or on
 * itself. It is about the port, not about the interface: "deleted" means that the port left the bridge.
 *
 *     IFLA_PROTINFO { IFLA_BRPORT_… }   IFLA_AF_SPEC { IFLA_BRIDGE_VLAN_INFO: | flags u16 | vlan u16 | … }
 */
import { AF_BRIDGE } from './neighbour.ts';
import {
  attributeMap,
  buildRequest,
  NLM_F_DUMP,
  u32Bytes,
  type NetlinkMessage,
  type Reader,
} from './netlink.ts';

const RTM_GETLINK = 18;
const IFINFO_BYTES = 16;
const IFLA_MASTER = 10;
const IFLA_PROTINFO = 12;
const IFLA_AF_SPEC = 26;
const IFLA_EXT_MASK = 29;
const IFLA_BRIDGE_VLAN_INFO = 2;
const RTEXT_FILTER_BRVLAN_COMPRESSED = 4;
const VLAN_PVID = 2;
const VLAN_UNTAGGED = 4;
const VLAN_RANGE_BEGIN = 8;
const VLAN_RANGE_END = 16;

export interface VlanRange {
  readonly from: number;
  readonly to: number;
  /** Frames of these leave without a tag. */
  readonly untagged: boolean;
}

export interface BridgePort {
  readonly index: number;
  /** The bridge; 0 = this is the bridge's word on itself. */
  readonly masterIndex: number;
  /** BR_STATE_…; undefined for the bridge itself. */
  readonly state: number | undefined;
  readonly priority: number;
  readonly cost: number;
  readonly hairpin: boolean;
  readonly isolated: boolean;
  readonly vlans: readonly VlanRange[];
  /** The VLAN of frames that come without a tag; undefined = they are dropped, or VLANs are not looked at. */
  readonly pvid: number | undefined;
}

/** Asks for every port of every bridge of the namespace, with its VLANs in ranges. */
export function requestBridgePorts(sequence: number): Uint8Array {
  const header = new Uint8Array(IFINFO_BYTES);
  header[0] = AF_BRIDGE;
  return buildRequest(RTM_GETLINK, NLM_F_DUMP, sequence, header, [
    { type: IFLA_EXT_MASK, value: u32Bytes(RTEXT_FILTER_BRVLAN_COMPRESSED) },
  ]);
}

/** undefined: not of this family, or of a network card that is no port (its driver answers the question too). */
export function parseBridgePort(message: NetlinkMessage): BridgePort | undefined {
  const { body } = message;
  if (body.length < IFINFO_BYTES || body.u8(0) !== AF_BRIDGE) return undefined;
  const attributes = attributeMap(body, IFINFO_BYTES);
  const about = attributes.get(IFLA_PROTINFO);
  const spec = attributes.get(IFLA_AF_SPEC);
  const masterIndex = attributes.get(IFLA_MASTER)?.u32() ?? 0;
  if (masterIndex === 0 && spec === undefined) return undefined;
  const port = about && attributeMap(about);
  return {
    index: body.i32(4),
    masterIndex,
    state: port?.get(1)?.u8(),
    priority: port?.get(2)?.u16() ?? 0,
    cost: port?.get(3)?.u32() ?? 0,
    hairpin: (port?.get(4)?.u8() ?? 0) !== 0,
    isolated: (port?.get(33)?.u8() ?? 0) !== 0,
    ...parseVlans(spec),
  };
}

/** Two entries make a range, its begin and its end. */
function parseVlans(spec: Reader | undefined): { vlans: VlanRange[]; pvid: number | undefined } {
  const vlans: VlanRange[] = [];
  let pvid: number | undefined;
  let begin: number | undefined;
  for (const { type, value } of spec?.attributes() ?? []) {
    if (type !== IFLA_BRIDGE_VLAN_INFO || value.length < 4) continue;
    const flags = value.u16();
    const id = value.u16(2);
    if ((flags & VLAN_PVID) !== 0) pvid = id;
    if ((flags & VLAN_RANGE_BEGIN) !== 0) begin = id;
    else {
      const from = (flags & VLAN_RANGE_END) === 0 ? id : (begin ?? id);
      vlans.push({ from, to: id, untagged: (flags & VLAN_UNTAGGED) !== 0 });
      begin = undefined;
    }
  }
  return { vlans, pvid };
}
