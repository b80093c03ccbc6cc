/**
 * Which interfaces are joined (topology notes, section 9), from what each end says of itself: layer2 edges of a
 * member and its master, a vlan and its parent, a veth and its peer; `vf` of a virtual function and its card; and
 * `underlay`, which the reference has not, of a tunnel and the interface that carries it. Pure: the graph is told
 * through two functions.
 *
 * A veth pair is joined only when both ends name each other, namespace and index. (The reference went by index
 * alone: it joined strangers, and never a pair with equal indexes.) From the greater index to the other; with
 * equal indexes from the greater node id.
 */
import type { EdgeMetadata } from './host-graph.ts';

/** What an interface says of another; `target` is a key like its own. */
export interface Wish {
  readonly kind: 'master' | 'vlan' | 'peer' | 'vf' | 'underlay';
  readonly target: string;
  /** `Type` of the edge. */
  readonly type?: string;
}

export interface End {
  readonly nodeId: string;
  readonly ifIndex: number;
  readonly name: string;
  readonly wishes: readonly Wish[];
}

export interface JoinerOutput {
  /** undefined: the edge could not be made. */
  readonly putEdge: (parent: string, child: string, metadata: EdgeMetadata) => string | undefined;
  readonly removeEdge: (id: string) => void;
}

/** Open vSwitch's kernel datapath is nobody's bridge: its real bridges come from its own database. */
const IGNORED_MASTER = 'ovs-system';

export class LinkJoiner {
  readonly #output: JoinerOutput;
  readonly #ends = new Map<string, End>();
  /** Who wishes for a key, whether or not it is there. */
  readonly #wishers = new Map<string, Set<string>>();
  /** Edges by the key that holds them: the member, the vlan, the parent end of a pair. */
  readonly #held = new Map<string, ReadonlySet<string>>();
  #pending = new Set<string>();
  /** Whose edges could not all be made: the graph was full. */
  readonly #failed = new Set<string>();

  constructor(output: JoinerOutput) {
    this.#output = output;
  }

  set(key: string, end: End): void {
    // A bridge with a thousand ports changes more often than what joins it to them.
    if (isSameEnd(this.#ends.get(key), end)) return;
    this.#unwish(key);
    this.#ends.set(key, end);
    for (const { target } of end.wishes) {
      const wishers = this.#wishers.get(target);
      if (wishers === undefined) this.#wishers.set(target, new Set([key]));
      else wishers.add(key);
    }
    this.#touch(key);
  }

  delete(key: string): void {
    this.#unwish(key);
    this.#ends.delete(key);
    this.#touch(key);
  }

  wishersOf(key: string): Iterable<string> {
    return this.#wishers.get(key) ?? [];
  }

  /** The other end of a veth, when it is there but names somebody else: what we know of it may be old. */
  disagreeingPeer(key: string): string | undefined {
    const target = this.#peerOf(key);
    if (target === undefined || !this.#ends.has(target)) return undefined;
    return this.#peerOf(target) === key ? undefined : target;
  }

  /** Brings the edges of everything touched in line. */
  settle(): void {
    const pending = this.#pending;
    this.#pending = new Set();
    for (const key of pending) this.#settleOne(key);
  }

  /** What failed is tried again by the next `settle`. */
  retry(): void {
    for (const key of this.#failed) this.#pending.add(key);
  }

  #settleOne(key: string): void {
    const held = new Set<string>();
    this.#failed.delete(key);
    for (const edge of this.#edgesOf(key)) {
      const id = this.#output.putEdge(edge.parent, edge.child, edge.metadata);
      if (id === undefined) this.#failed.add(key);
      else held.add(id);
    }
    for (const id of this.#held.get(key) ?? []) if (!held.has(id)) this.#output.removeEdge(id);
    if (held.size === 0) this.#held.delete(key);
    else this.#held.set(key, held);
  }

  *#edgesOf(key: string): Generator<{ parent: string; child: string; metadata: EdgeMetadata }> {
    const self = this.#ends.get(key);
    if (self === undefined) return;
    for (const { kind, target, type } of self.wishes) {
      const other = this.#ends.get(target);
      if (other === undefined || target === key) continue;
      const edge = { parent: other.nodeId, child: self.nodeId };
      const typed = type === undefined ? {} : { Type: type };
      switch (kind) {
        case 'master':
          if (other.name !== IGNORED_MASTER) yield { ...edge, metadata: { RelationType: 'layer2' } };
          break;
        case 'vlan':
          yield { ...edge, metadata: { RelationType: 'layer2', Type: 'vlan' } };
          break;
        case 'peer':
          if (this.#peerOf(target) === key && isParentEnd(self, other))
            yield {
              parent: self.nodeId,
              child: other.nodeId,
              metadata: { RelationType: 'layer2', ...typed },
            };
          break;
        case 'vf':
        case 'underlay':
          yield { ...edge, metadata: { RelationType: kind, ...typed } };
          break;
      }
    }
  }

  #peerOf(key: string): string | undefined {
    return this.#ends.get(key)?.wishes.find((wish) => wish.kind === 'peer')?.target;
  }

  /** A change of one end may make or break the edges of all that wish for it. */
  #touch(key: string): void {
    this.#pending.add(key);
    for (const wisher of this.wishersOf(key)) this.#pending.add(wisher);
  }

  #unwish(key: string): void {
    for (const { target } of this.#ends.get(key)?.wishes ?? []) {
      const wishers = this.#wishers.get(target);
      wishers?.delete(key);
      if (wishers?.size === 0) this.#wishers.delete(target);
      // The other end of a pair may hold the edge.
      this.#pending.add(target);
    }
  }
}

function isSameEnd(a: End | undefined, b: End): boolean {
  if (a === undefined || a.nodeId !== b.nodeId || a.ifIndex !== b.ifIndex || a.name !== b.name) return false;
  return (
    a.wishes.length === b.wishes.length &&
    a.wishes.every((wish, at) => {
      const { kind, target, type } = b.wishes[at]!;
      return wish.kind === kind && wish.target === target && wish.type === type;
    })
  );
}

function isParentEnd(self: End, other: End): boolean {
  if (self.ifIndex !== other.ifIndex) return self.ifIndex > other.ifIndex;
  return self.nodeId > other.nodeId;
}
