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
import type { NetlinkMessage } from './rtnetlink/netlink.ts';

export class NamespaceTable {
  readonly #links = new Map<number, Link>();
  /** By interface, then by `Address.key`, in the order in which the kernel told them. */
  readonly #addresses = new Map<number, Map<string, Address>>();
  readonly #changedLinks = new Set<number>();
  readonly #changedAddresses = new Set<number>();
  #seenLinks: Set<number> | undefined;
  #seenAddresses: Set<string> | undefined;

  link(index: number): Link | undefined {
    return this.#links.get(index);
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
    this.#addresses.delete(index);
    if (this.#links.delete(index)) this.#changedLinks.add(index);
  }

  beginReading(): void {
    this.#seenLinks = new Set();
    this.#seenAddresses = new Set();
  }

  /** Removes what the reading did not mention. */
  endReading(): void {
    for (const index of this.#links.keys()) if (this.#seenLinks?.has(index) === false) this.deleteLink(index);
    for (const [index, addresses] of this.#addresses)
      for (const key of addresses.keys())
        if (this.#seenAddresses?.has(`${index} ${key}`) === false) this.#deleteAddress(index, key);
    this.#seenLinks = undefined;
    this.#seenAddresses = undefined;
  }

  /** Indexes whose link, or only addresses, changed since the last call. */
  takeChanges(): { readonly links: ReadonlySet<number>; readonly addresses: ReadonlySet<number> } {
    const changes = { links: new Set(this.#changedLinks), addresses: new Set(this.#changedAddresses) };
    this.#changedLinks.clear();
    this.#changedAddresses.clear();
    return changes;
  }

  /** An event counts as a change even if it says the same: the driver's answers may have changed. */
  #putLink(link: Link): void {
    const before = this.#links.get(link.index);
    this.#links.set(link.index, link);
    if (this.#seenLinks === undefined || before === undefined || !sameButCounters(before, link))
      this.#changedLinks.add(link.index);
    this.#seenLinks?.add(link.index);
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
    this.#changedAddresses.add(index);
  }

  #deleteAddress(index: number, key: string): void {
    const addresses = this.#addresses.get(index);
    if (addresses?.delete(key) !== true) return;
    if (addresses.size === 0) this.#addresses.delete(index);
    this.#changedAddresses.add(index);
  }
}

function sameButCounters(a: Link, b: Link): boolean {
  for (const name of Object.keys(a) as (keyof Link)[])
    if (a[name] !== b[name] && name !== 'counters' && !isDeepStrictEqual(a[name], b[name])) return false;
  return true;
}
