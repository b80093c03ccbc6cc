/**
 * What the kernel has said of one namespace: its interfaces and their addresses. Messages go in, in order, and
 * what they touched comes out; nothing is asked here. Applying a message twice equals applying it once.
 *
 * A full reading (`beginReading` … `endReading`) replaces everything: what it did not mention is gone. Events that
 * arrive in its middle are applied where they stand in the order.
 */
import { isDeepStrictEqual } from 'node:util';
import { parseAddress, RTM_DELADDR, RTM_NEWADDR, type Address } from './rtnetlink/address.ts';
import { parseLink, RTM_DELLINK, RTM_NEWLINK, type Link } from './rtnetlink/link.ts';
import { parseBridgePort, type BridgePort } from './rtnetlink/bridge-port.ts';
import type { NetlinkMessage } from './rtnetlink/netlink.ts';

/** What was touched since the last time. */
export interface TableChanges {
  /** Indexes whose link changed. */
  readonly links: ReadonlySet<number>;
  /** Indexes whose addresses changed, or what a bridge says of them. */
  readonly details: ReadonlySet<number>;
  /** Addresses (`10.0.0.1`) that came or went. */
  readonly owned: ReadonlySet<string>;
}

export class NamespaceTable {
  readonly #links = new Map<number, Link>();
  /** By interface, then by `Address.key`, in the order in which the kernel told them. */
  readonly #addresses = new Map<number, Map<string, Address>>();
  /** What bridges say of their ports and of themselves. */
  readonly #ports = new Map<number, BridgePort>();
  /** The interfaces that have an address, by the address without its prefix. */
  readonly #owners = new Map<string, Set<number>>();
  readonly #changedLinks = new Set<number>();
  readonly #changedDetails = new Set<number>();
  readonly #changedOwned = new Set<string>();
  #seenLinks: Set<number> | undefined;
  #seenPorts: Set<number> | undefined;
  #seenAddresses: Set<string> | undefined;

  link(index: number): Link | undefined {
    return this.#links.get(index);
  }

  port(index: number): BridgePort | undefined {
    return this.#ports.get(index);
  }

  /** An interface that has this address; undefined = none has. */
  ownerOf(address: string): number | undefined {
    return this.#owners.get(address)?.values().next().value;
  }

  indexes(): Iterable<number> {
    return this.#links.keys();
  }

  get linkCount(): number {
    return this.#links.size;
  }

  addresses(index: number, version: 4 | 6): string[] {
    const all = this.#addresses.get(index);
    if (all === undefined) return [];
    const cidrs = new Set<string>();
    for (const address of all.values()) if (address.version === version) cidrs.add(address.cidr);
    return [...cidrs];
  }

  apply(message: NetlinkMessage): void {
    switch (message.type) {
      case RTM_NEWLINK:
      case RTM_DELLINK: {
        const link = parseLink(message);
        if (link === undefined) this.#applyPort(message);
        if (link === undefined || link.index <= 0) return;
        if (message.type === RTM_DELLINK) this.deleteLink(link.index);
        else this.#putLink(link);
        return;
      }
      case RTM_NEWADDR:
      case RTM_DELADDR: {
        const address = parseAddress(message);
        if (address === undefined) return;
        if (message.type === RTM_DELADDR) this.#deleteAddress(address.index, address.key);
        else this.#putAddress(address);
      }
    }
  }

  deleteLink(index: number): void {
    for (const key of this.#addresses.get(index)?.keys() ?? []) this.#deleteAddress(index, key);
    this.#ports.delete(index);
    if (this.#links.delete(index)) this.#changedLinks.add(index);
  }

  beginReading(): void {
    this.#seenLinks = new Set();
    this.#seenPorts = new Set();
    this.#seenAddresses = new Set();
  }

  /** Removes what the reading did not mention. */
  endReading(): void {
    for (const index of this.#links.keys()) if (this.#seenLinks?.has(index) === false) this.deleteLink(index);
    for (const index of this.#ports.keys())
      if (this.#seenPorts?.has(index) === false) this.#deletePort(index);
    for (const [index, addresses] of this.#addresses)
      for (const key of addresses.keys())
        if (this.#seenAddresses?.has(`${index} ${key}`) === false) this.#deleteAddress(index, key);
    this.#seenLinks = undefined;
    this.#seenPorts = undefined;
    this.#seenAddresses = undefined;
  }

  takeChanges(): TableChanges {
    const changes = {
      links: new Set(this.#changedLinks),
      details: new Set(this.#changedDetails),
      owned: new Set(this.#changedOwned),
    };
    this.#changedLinks.clear();
    this.#changedDetails.clear();
    this.#changedOwned.clear();
    return changes;
  }

  /** An event counts as a change even if it says the same: the driver's answers may have changed. */
  #putLink(said: Link): void {
    const before = this.#links.get(said.index);
    // Events do not speak of virtual functions.
    const virtualFunctions = said.virtualFunctions ?? before?.virtualFunctions;
    const link = virtualFunctions === undefined ? said : { ...said, virtualFunctions };
    this.#links.set(link.index, link);
    if (this.#seenLinks === undefined || before === undefined || !sameButCounters(before, link))
      this.#changedLinks.add(link.index);
    this.#seenLinks?.add(link.index);
  }

  #applyPort(message: NetlinkMessage): void {
    const port = parseBridgePort(message);
    if (port === undefined || port.index <= 0) return;
    if (message.type === RTM_DELLINK) {
      this.#deletePort(port.index);
      return;
    }
    this.#seenPorts?.add(port.index);
    if (isDeepStrictEqual(this.#ports.get(port.index), port)) return;
    this.#ports.set(port.index, port);
    this.#changedDetails.add(port.index);
  }

  #deletePort(index: number): void {
    if (this.#ports.delete(index)) this.#changedDetails.add(index);
  }

  #putAddress(address: Address): void {
    const { index, key } = address;
    this.#seenAddresses?.add(`${index} ${key}`);
    let addresses = this.#addresses.get(index);
    if (addresses === undefined) {
      addresses = new Map();
      this.#addresses.set(index, addresses);
    }
    if (addresses.has(key)) return;
    addresses.set(key, address);
    this.#changedDetails.add(index);
    const own = withoutPrefix(address);
    const owners = this.#owners.get(own);
    if (owners === undefined) this.#owners.set(own, new Set([index]));
    else owners.add(index);
    this.#changedOwned.add(own);
  }

  #deleteAddress(index: number, key: string): void {
    const addresses = this.#addresses.get(index);
    const address = addresses?.get(key);
    if (addresses === undefined || address === undefined) return;
    addresses.delete(key);
    if (addresses.size === 0) this.#addresses.delete(index);
    this.#changedDetails.add(index);
    const own = withoutPrefix(address);
    this.#changedOwned.add(own);
    for (const other of addresses.values()) if (withoutPrefix(other) === own) return;
    const owners = this.#owners.get(own);
    owners?.delete(index);
    if (owners?.size === 0) this.#owners.delete(own);
  }
}

function withoutPrefix(address: Address): string {
  return address.cidr.slice(0, address.cidr.indexOf('/'));
}

function sameButCounters(a: Link, b: Link): boolean {
  for (const name of Object.keys(a) as (keyof Link)[])
    if (a[name] !== b[name] && name !== 'counters' && !isDeepStrictEqual(a[name], b[name])) return false;
  return true;
}
