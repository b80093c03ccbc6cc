/**
 * IFLA_VFINFO_LIST (linux/if_link.h): the virtual functions of a network card as its driver configures them. The
 * kernel tells it only to who asks with RTEXT_FILTER_VF, and never in an event.
 *
 *     list of IFLA_VF_INFO { IFLA_VF_MAC: | vf u32 | address 32 bytes |, IFLA_VF_VLAN: | vf | vlan | qos |, … }
 */
import { formatMac } from '../../../core/ip.ts';
import { attributeMap, type Reader } from './netlink.ts';

const IFLA_VF_INFO = 1;
const MAC_BYTES = 6;

export interface VirtualFunction {
  readonly id: number;
  readonly mac: string;
  readonly vlan: number;
  readonly qos: number;
  /** Mbit/s; 0 = no bound. */
  readonly txRate: number;
  readonly spoofCheck: boolean;
  /** IFLA_VF_LINK_STATE_…: 0 as the card's own link, 1 up, 2 down. */
  readonly linkState: number;
}

export function parseVirtualFunctions(list: Reader): VirtualFunction[] {
  const functions: VirtualFunction[] = [];
  for (const { type, value } of list.attributes()) {
    if (type !== IFLA_VF_INFO) continue;
    const info = attributeMap(value);
    const mac = info.get(1);
    if (mac === undefined || mac.length < 4 + MAC_BYTES) continue;
    functions.push({
      id: mac.u32(),
      mac: formatMac(mac.part(4, 4 + MAC_BYTES).bytes()),
      vlan: info.get(2)?.u32(4) ?? 0,
      qos: info.get(2)?.u32(8) ?? 0,
      txRate: info.get(3)?.u32(4) ?? 0,
      // 0xffffffff = the driver has no answer
      spoofCheck: info.get(4)?.u32(4) === 1,
      linkState: info.get(5)?.u32(4) ?? 0,
    });
  }
  return functions;
}
