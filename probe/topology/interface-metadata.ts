/**
 * An interface as the graph shows it (topology notes, section 8), from what the kernel and the driver say. A key
 * whose value stops being true goes; the reference kept such keys (section 26).
 */
import type { Json, Metadata } from '../../core/graph/element.ts';
import type { DriverFacts } from '../linux/ethtool.ts';
import {
  bondModeName,
  bondSlaveMetadata,
  encapTypeName,
  flagNames,
  stateName,
  typeOfKind,
} from './link-names.ts';
import type { Link } from './rtnetlink/link.ts';

export interface InterfaceFacts {
  readonly link: Link;
  readonly driver: DriverFacts;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Name of the namespace in which the parent or peer is; "" = the host's; undefined = not known or here. */
  readonly parentNetnsName: string | undefined;
  readonly metric: Metadata;
  readonly lastUpdateMetric: Metadata | undefined;
  /** RoutingTables, Neighbors, FDB, as far as there are any. */
  readonly tables: Metadata | undefined;
  readonly tid: string;
}

export function interfaceType(link: Link, driver: DriverFacts): string {
  return driver.driver === 'veth' ? 'veth' : typeOfKind(link.kind);
}

export function interfaceMetadata(facts: InterfaceFacts): Metadata {
  const { link, driver } = facts;
  const type = interfaceType(link, driver);
  return {
    Name: link.name,
    Type: type,
    TID: facts.tid,
    IfIndex: link.index,
    EncapType: encapTypeName(link.hardwareType),
    State: stateName(link.operState),
    LinkFlags: flagNames(link.flags),
    Driver: driver.driver === '' && type === 'bridge' ? 'bridge' : driver.driver,
    ...defined('BusInfo', driver.busInfo),
    ...defined('MTU', link.mtu || undefined),
    ...defined('MAC', link.mac),
    ...defined('IPV4', facts.ipv4.length > 0 ? facts.ipv4 : undefined),
    ...defined('IPV6', facts.ipv6.length > 0 ? facts.ipv6 : undefined),
    ...defined('Speed', driver.speed),
    ...defined('MasterIndex', link.masterIndex || undefined),
    ...defined('ParentIndex', link.parentIndex || undefined),
    ...defined('PeerIfIndex', type === 'veth' ? link.parentIndex || undefined : undefined),
    ...defined('Vlan', link.vlanId),
    ...defined('LinkNetNsID', link.parentNetnsId === -1 ? undefined : link.parentNetnsId),
    ...defined('LinkNetNsName', facts.parentNetnsName),
    ...defined('BondMode', link.bondMode === undefined ? undefined : bondModeName(link.bondMode)),
    ...defined('BondSlave', link.bondSlave && bondSlaveMetadata(link.bondSlave)),
    ...defined('Features', driver.features),
    Metric: facts.metric,
    ...defined('LastUpdateMetric', facts.lastUpdateMetric),
    ...facts.tables,
  };
}

function defined(key: string, value: Json | undefined): Metadata {
  return value === undefined ? {} : { [key]: value };
}
