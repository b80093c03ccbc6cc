/**
 * The probe's own talk with its analyzer, and with a collector of its flows, is kept out of captures, or each flow sent would make a flow to send
 * (flow model, section 15). Addresses are resolved here: libpcap would ask the name service while a capture is
 * being opened.
 */
import { lookup } from 'node:dns/promises';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `not (host A and port P)` for each, joined by `and`; "" for none. */
export function exclusionOf(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ address, port }) => `not (host ${address} and port ${port})`).join(' and ');
}

/** The user's filter and the exclusion as one; either may be "". */
export function combineFilters(userFilter: string, exclusion: string): string {
  if (userFilter.trim() === '') return exclusion;
  return exclusion === '' ? userFilter : `(${userFilter}) and ${exclusion}`;
}

/** The addresses that the probe talks to, each asked for when it is first needed and again while there are none. */
export class OwnTraffic {
  readonly #peers: { readonly url: URL; endpoints: readonly Endpoint[] }[];
  /** Answers come in the order of the questions. */
  #asked: Promise<void> = Promise.resolve();

  constructor(...urls: readonly URL[]) {
    this.#peers = urls.map((url) => ({ url, endpoints: [] }));
  }

  get exclusion(): string {
    return exclusionOf(this.#peers.flatMap(({ endpoints }) => endpoints));
  }

  /** Resolves when the addresses are known or could not be found; never rejects. */
  known(): Promise<void> {
    return (this.#asked = this.#askAfter(this.#asked));
  }

  async #askAfter(before: Promise<void>): Promise<void> {
    await before;
    await Promise.all(
      this.#peers.map(async (peer) => {
        if (peer.endpoints.length === 0) peer.endpoints = await endpointsOf(peer.url);
      }),
    );
  }
}

/** Every address of the host part of a peer's URL; an empty list when it cannot be resolved now. */
export async function endpointsOf(url: URL): Promise<Endpoint[]> {
  const port = Number(url.port) || (url.protocol === 'wss:' || url.protocol === 'https:' ? 443 : 80);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))].map((address) => ({ address, port }));
  } catch {
    return [];
  }
}
