/**
 * An interface as the graph shows it (topology notes, section 8), from what the kernel and the driver say. A key
 * whose value stops being true goes; the reference kept such keys (section 26).
 */
import type { Json, Metadata } from '../../core/graph/element.ts';
import type { DriverFacts } from '../linux/ethtool.ts';
import { kindMetadata, portMetadata, virtualFunctionsMetadata } from './kind-metadata.ts';
import { bondSlaveMetadata, encapTypeName, flagNames, stateName, typeOfKind } from './link-names.ts';
import type { BridgePort } from './rtnetlink/bridge-port.ts';
import { lowerIndexOf, type Link } from './rtnetlink/link.ts';

export interface InterfaceFacts {
  readonly link: Link;
  readonly driver: DriverFacts;
  /** The bridge's word on it, when it is a port or a bridge. */
  readonly port: BridgePort | undefined;
  /** Which virtual function of its card it is. */
  readonly vfId: number | undefined;
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

/** Kinds whose interfaces come in pairs: what one sends the other receives. */
const PAIRED: ReadonlySet<string> = new Set(['veth', 'netkit', 'vxcan']);

export function isPaired(type: string): boolean {
  return PAIRED.has(type);
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
    ...defined('Alias', link.alias || undefined),
    ...defined('AltNames', link.altNames.length > 0 ? link.altNames : undefined),
    ...defined('Speed', driver.speed),
    ...defined('Duplex', driver.duplex),
    ...defined('MasterIndex', link.masterIndex || undefined),
    ...defined('ParentIndex', lowerIndexOf(link)),
    ...defined('PeerIfIndex', isPaired(type) ? link.parentIndex || undefined : undefined),
    ...kindMetadata(link.data),
    ...(facts.port && portMetadata(facts.port)),
    ...defined('LinkNetNsID', link.parentNetnsId === -1 ? undefined : link.parentNetnsId),
    ...defined('LinkNetNsName', facts.parentNetnsName),
    ...defined('BondSlave', link.bondSlave && bondSlaveMetadata(link.bondSlave)),
    ...defined(
      'Vfs',
      link.virtualFunctions?.length ? virtualFunctionsMetadata(link.virtualFunctions) : undefined,
    ),
    ...defined('VfID', facts.vfId),
    ...defined('Features', driver.features),
    Metric: facts.metric,
    ...defined('LastUpdateMetric', facts.lastUpdateMetric),
    ...facts.tables,
  };
}

function defined(key: string, value: Json | undefined): Metadata {
  return value === undefined ? {} : { [key]: value };
}
