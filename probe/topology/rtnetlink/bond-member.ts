/** IFLA_INFO_SLAVE_DATA of a member of a bond (linux/if_link.h, IFLA_BOND_SLAVE_…). */
import { hardwareAddress } from './hardware-address.ts';
import { attributeMap, type Reader } from './netlink.ts';

/** Numbers as the kernel has them; `probe/topology/link-names.ts` names them. */
export interface BondSlave {
  readonly state: number;
  readonly miiStatus: number;
  readonly linkFailureCount: number;
  readonly permMac: string | undefined;
  readonly queueId: number;
  readonly aggregatorId: number | undefined;
  readonly actorPortState: number | undefined;
  readonly partnerPortState: number | undefined;
}

export function parseBondSlave(container: Reader): BondSlave {
  const data = attributeMap(container);
  const permMac = data.get(4);
  return {
    state: data.get(1)?.u8() ?? 0,
    miiStatus: data.get(2)?.u8() ?? 0,
    linkFailureCount: data.get(3)?.u32() ?? 0,
    permMac: permMac && hardwareAddress(permMac),
    queueId: data.get(5)?.u16() ?? 0,
    aggregatorId: data.get(6)?.u16(),
    actorPortState: data.get(7)?.u8(),
    partnerPortState: data.get(8)?.u16(),
  };
}
