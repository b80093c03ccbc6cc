/**
 * Which interface is a virtual function of which other one: by their places on the PCI bus, which are the same in
 * every namespace, so that a function that was moved into a container is still known as its card's.
 */
import { isPciAddress, type readVirtualFunctions } from '../linux/sriov.ts';
import { ReverseIndex } from './reverse-index.ts';

export interface FunctionOf {
  /** The interface of the physical function. */
  readonly key: string;
  readonly vfId: number;
}

export class SriovIndex {
  readonly #read: typeof readVirtualFunctions;
  /** By interface of a card that can have virtual functions: its place, and theirs. */
  readonly #cards = new Map<string, { place: string; functions: ReadonlyMap<string, number> }>();
  readonly #owners = new Map<string, FunctionOf>();
  readonly #places = new ReverseIndex();
  readonly #known = new Set<string>();

  constructor(read: typeof readVirtualFunctions) {
    this.#read = read;
  }

  /**
   * Says where an interface is, as its driver tells it. Returns the interfaces to which that makes a difference: the
   * functions of the card that it is, and the card of the function that it is when that was not known before, which
   * then has more to tell than it did.
   */
  place(
    key: string,
    busInfo: string | undefined,
  ): { readonly functions: string[]; readonly card: string | undefined } {
    const place = isPciAddress(busInfo) ? busInfo : undefined;
    const isNew = place !== undefined && !this.#known.has(key);
    this.#places.set(key, place);
    if (place === undefined) {
      this.#known.delete(key);
      return { functions: this.#setFunctions(key, '', undefined), card: undefined };
    }
    this.#known.add(key);
    const functions = this.#setFunctions(key, place, this.#read(place));
    if (!isNew || this.#owners.has(place)) return { functions, card: undefined };
    // A card does not say that its virtual functions were switched on; they say it by being there.
    for (const [card, { place: cardPlace }] of this.#cards)
      if (card !== key) functions.push(...this.#setFunctions(card, cardPlace, this.#read(cardPlace)));
    return { functions: functions.filter((other) => other !== key), card: this.#owners.get(place)?.key };
  }

  /** Nothing is there any more. Returns the interfaces that were its functions. */
  remove(key: string): string[] {
    return this.place(key, undefined).functions;
  }

  /** undefined: the place is no virtual function's. */
  functionAt(busInfo: string | undefined): FunctionOf | undefined {
    return busInfo === undefined ? undefined : this.#owners.get(busInfo);
  }

  /** The interfaces at the places that became, or are no longer, those of this card's functions. */
  #setFunctions(key: string, place: string, functions: ReadonlyMap<string, number> | undefined): string[] {
    const before = this.#cards.get(key)?.functions;
    if (functions === undefined) this.#cards.delete(key);
    else this.#cards.set(key, { place, functions });
    const changed = new Set<string>();
    for (const at of before?.keys() ?? [])
      if (functions?.has(at) !== true && this.#owners.delete(at)) changed.add(at);
    for (const [at, vfId] of functions ?? []) {
      const owner = this.#owners.get(at);
      if (owner?.key === key && owner.vfId === vfId) continue;
      this.#owners.set(at, { key, vfId });
      changed.add(at);
    }
    return [...changed].flatMap((at) => this.#places.keysOf(at));
  }
}
