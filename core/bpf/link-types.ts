/**
 * The link layers a filter can be compiled for, and where their headers lie.
 * Numbers are those of capture files (LINKTYPE_…, pcap-linktype(7)) and, where they differ, of libpcap (DLT_…).
 */

export type LinkLayer =
  | 'ethernet'
  | 'cooked1'
  | 'cooked2'
  | 'raw'
  | 'raw4'
  | 'raw6'
  | 'null'
  | 'loop'
  | 'ppp';

/** Bytes from the beginning of the packet; `typeOffset` undefined: no type field, the packet is IP. */
export interface LinkLayout {
  readonly layer: LinkLayer;
  readonly typeOffset: number | undefined;
  readonly payload: number;
  /** From `payload` to the network header, in frames with an 802.2 header and no SNAP. */
  readonly networkNoSnap: number;
}

const ethernet: LinkLayout = { layer: 'ethernet', typeOffset: 12, payload: 14, networkNoSnap: 3 };
const raw: LinkLayout = { layer: 'raw', typeOffset: undefined, payload: 0, networkNoSnap: 0 };

/** What libpcap calls them in messages. */
export const layerNames: Readonly<Record<LinkLayer, string>> = {
  ethernet: 'Ethernet',
  cooked1: 'Linux cooked v1',
  cooked2: 'Linux cooked v2',
  raw: 'Raw IP',
  raw4: 'Raw IPv4',
  raw6: 'Raw IPv6',
  null: 'BSD loopback',
  loop: 'OpenBSD loopback',
  ppp: 'PPP',
};

const layouts: ReadonlyMap<number, LinkLayout> = new Map([
  [0, { layer: 'null', typeOffset: 0, payload: 4, networkNoSnap: 0 }],
  [1, ethernet],
  [9, { layer: 'ppp', typeOffset: 2, payload: 4, networkNoSnap: 0 }],
  // Raw IP is 101 in files, 12 (14 on OpenBSD) in libpcap.
  [12, raw],
  [14, raw],
  [101, raw],
  [108, { layer: 'loop', typeOffset: 0, payload: 4, networkNoSnap: 0 }],
  // The type field of cooked packets: after type, hardware, length and address (v1), at the front (v2).
  [113, { layer: 'cooked1', typeOffset: 14, payload: 16, networkNoSnap: 0 }],
  [228, { ...raw, layer: 'raw4' }],
  [229, { ...raw, layer: 'raw6' }],
  [276, { layer: 'cooked2', typeOffset: 0, payload: 20, networkNoSnap: 0 }],
]);

/** The layout of a link type, or undefined when filters are not compiled for it. */
export const layoutOf = (linkType: number): LinkLayout | undefined => layouts.get(linkType);
