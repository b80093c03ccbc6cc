/**
 * The graph of a filter as the optimiser sees it: numbered nodes and edges, their levels, which nodes and edges
 * dominate which, and which registers and memory words are still needed where.
 * Sources: A. Aho, M. Lam, R. Sethi, J. Ullman, "Compilers", ch. 9 (dominators, liveness); the choice and order of
 * passes is libpcap's, because filters refused as rejecting all packets depend on them.
 */
import * as bpf from './instructions.ts';
import type { Block, Statement } from './instructions.ts';

/** One way out of a node. `code` is the jump that was taken, negative on the way where it did not hold. */
export interface Edge {
  readonly id: number;
  readonly from: Node;
  to: Node | undefined;
  code: number;
  /** Ids of the edges that every path over this edge has come by. */
  dominators: Uint32Array;
  /** The next edge into the same node. */
  nextInto: Edge | undefined;
}

export class Node {
  readonly id: number;
  statements: Statement[];
  code: number;
  k: number;
  /** Longest way to a returning node. */
  level = 0;
  /** The next node of the same level. */
  nextInLevel: Node | undefined;
  /** Ids of the nodes that every path to this one has come by. */
  dominators = new Uint32Array(0);
  readonly whenTrue: Edge;
  readonly whenFalse: Edge;
  firstInto: Edge | undefined;
  /** Bit sets over atoms (memory words, A, X). */
  needed = 0;
  neededAfter = 0;
  overwritten = 0;
  /** Value numbers of the atoms at the end of the node, and of what the jump compares A with; 0 = unknown. */
  values = new Int32Array(bpf.atomCount);
  operand = 0;

  constructor(block: Block, id: number, count: number) {
    this.id = id;
    this.statements = block.statements.map((statement) => ({ ...statement }));
    this.code = block.code;
    this.k = block.k;
    const edge = (edgeId: number): Edge => ({
      id: edgeId,
      from: this,
      to: undefined,
      code: 0,
      dominators: new Uint32Array(0),
      nextInto: undefined,
    });
    this.whenTrue = edge(id);
    this.whenFalse = edge(count + id);
  }

  get isReturn(): boolean {
    return bpf.classOf(this.code) === bpf.RET;
  }
}

const setWords = (members: number): number => Math.floor(members / 32) + 1;
const insert = (set: Uint32Array, member: number): void => {
  set[member >>> 5]! |= 1 << (member & 31);
};
const intersect = (into: Uint32Array, other: Uint32Array): void => {
  for (let word = 0; word < into.length; word++) into[word]! &= other[word]!;
};
export const contains = (set: Uint32Array, member: number): boolean =>
  (set[member >>> 5]! & (1 << (member & 31))) !== 0;

/** The blocks reachable from `root`, each before its successors, the true side first. */
function preOrder(root: Block): Block[] {
  const order: Block[] = [];
  const seen = new Set<Block>();
  const pending: (Block | undefined)[] = [root];
  while (pending.length > 0) {
    const block = pending.pop();
    if (block === undefined || seen.has(block)) continue;
    seen.add(block);
    order.push(block);
    pending.push(block.jf, block.jt);
  }
  return order;
}

/** How many blocks a filter has. */
export const countBlocks = (root: Block): number => preOrder(root).length;

export class FlowGraph {
  root: Node;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  #levels: (Node | undefined)[] = [];

  constructor(rootBlock: Block) {
    const blocks = preOrder(rootBlock);
    const nodeOf = new Map(blocks.map((block, id) => [block, new Node(block, id, blocks.length)]));
    for (const [block, node] of nodeOf) {
      node.whenTrue.to = block.jt && nodeOf.get(block.jt);
      node.whenFalse.to = block.jf && nodeOf.get(block.jf);
    }
    this.nodes = [...nodeOf.values()];
    this.edges = [...this.nodes.map((node) => node.whenTrue), ...this.nodes.map((node) => node.whenFalse)];
    this.root = nodeOf.get(rootBlock)!;
  }

  /** The nodes of one level; level 0 are the returning ones. */
  *level(level: number): Generator<Node> {
    for (let node = this.#levels[level]; node !== undefined; node = node.nextInLevel) yield node;
  }

  /** Everything a round of the optimiser needs to know, for the graph as it is now. */
  analyse(): void {
    this.#findLevels();
    this.#findDominators();
    this.#findEdgeDominators();
    this.#findNeeds();
  }

  /** Which nodes can still be reached. */
  reachable(): Set<Node> {
    const seen = new Set<Node>();
    const pending: Node[] = [this.root];
    while (pending.length > 0) {
      const node = pending.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      if (!node.isReturn) pending.push(node.whenTrue.to!, node.whenFalse.to!);
    }
    return seen;
  }

  /** Links every edge into the list of the node it leads to. */
  linkIncoming(): void {
    for (const node of this.nodes) node.firstInto = undefined;
    for (let level = this.root.level; level > 0; level--) {
      for (const node of this.level(level)) {
        for (const edge of [node.whenTrue, node.whenFalse]) {
          const into = edge.to!;
          edge.nextInto = into.firstInto;
          into.firstInto = edge;
        }
      }
    }
  }

  #findLevels(): void {
    this.#levels = Array.from({ length: this.nodes.length }, () => undefined);
    const begun = new Set<Node>();
    // A node is entered twice: once to go down its true and then its false side, once to be placed.
    const pending: { node: Node; done: boolean }[] = [{ node: this.root, done: false }];
    while (pending.length > 0) {
      const { node, done } = pending.pop()!;
      if (done) {
        this.#place(node);
        continue;
      }
      if (begun.has(node)) continue;
      begun.add(node);
      pending.push({ node, done: true });
      if (node.whenTrue.to !== undefined) {
        pending.push({ node: node.whenFalse.to!, done: false }, { node: node.whenTrue.to, done: false });
      }
    }
  }

  #place(node: Node): void {
    const { whenTrue, whenFalse } = node;
    node.level = whenTrue.to === undefined ? 0 : Math.max(whenTrue.to.level, whenFalse.to!.level) + 1;
    node.nextInLevel = this.#levels[node.level];
    this.#levels[node.level] = node;
  }

  #findDominators(): void {
    const words = setWords(this.nodes.length);
    for (const node of this.nodes) node.dominators = new Uint32Array(words).fill(0xffffffff);
    this.root.dominators.fill(0);
    for (let level = this.root.level; level >= 0; level--) {
      for (const node of this.level(level)) {
        insert(node.dominators, node.id);
        if (node.whenTrue.to === undefined) continue;
        intersect(node.whenTrue.to.dominators, node.dominators);
        intersect(node.whenFalse.to!.dominators, node.dominators);
      }
    }
  }

  #findEdgeDominators(): void {
    const words = setWords(this.edges.length);
    for (const edge of this.edges) edge.dominators = new Uint32Array(words).fill(0xffffffff);
    this.root.whenTrue.dominators.fill(0);
    this.root.whenFalse.dominators.fill(0);
    for (let level = this.root.level; level >= 0; level--) {
      for (const node of this.level(level)) {
        for (const edge of [node.whenTrue, node.whenFalse]) {
          insert(edge.dominators, edge.id);
          if (edge.to === undefined) continue;
          intersect(edge.to.whenTrue.dominators, edge.dominators);
          intersect(edge.to.whenFalse.dominators, edge.dominators);
        }
      }
    }
  }

  #findNeeds(): void {
    for (let level = 0; level <= this.root.level; level++) {
      for (const node of this.level(level)) {
        localNeeds(node);
        node.neededAfter = 0;
        if (level === 0) continue;
        node.neededAfter = node.whenTrue.to!.needed | node.whenFalse.to!.needed;
        node.needed |= node.neededAfter & ~node.overwritten;
      }
    }
  }
}

const axBits = (1 << bpf.atomA) | (1 << bpf.atomX);

/** The atoms a statement or jump reads, as a bit set. */
export function reads(code: number, k: number): number {
  if (code === bpf.NOP) return 0;
  switch (bpf.classOf(code)) {
    case bpf.LD:
    case bpf.LDX:
      if (bpf.modeOf(code) === bpf.IND) return 1 << bpf.atomX;
      return bpf.modeOf(code) === bpf.MEM ? 1 << k : 0;
    case bpf.ST:
      return 1 << bpf.atomA;
    case bpf.STX:
      return 1 << bpf.atomX;
    case bpf.ALU:
    case bpf.JMP:
      return bpf.sourceOf(code) === bpf.X ? axBits : 1 << bpf.atomA;
    case bpf.MISC:
      return 1 << (bpf.operationOf(code) === bpf.TXA ? bpf.atomX : bpf.atomA);
    default:
      return 0;
  }
}

/** The atom a statement writes, or -1. */
export function writes(code: number, k: number): number {
  if (code === bpf.NOP) return -1;
  switch (bpf.classOf(code)) {
    case bpf.LD:
    case bpf.ALU:
      return bpf.atomA;
    case bpf.LDX:
      return bpf.atomX;
    case bpf.ST:
    case bpf.STX:
      return k;
    case bpf.MISC:
      return bpf.operationOf(code) === bpf.TAX ? bpf.atomX : bpf.atomA;
    default:
      return -1;
  }
}

function localNeeds(node: Node): void {
  let written = 0;
  let needed = 0;
  let overwritten = 0;
  for (const { code, k } of node.statements) {
    needed |= reads(code, k) & ~written;
    const atom = writes(code, k);
    if (atom < 0) continue;
    const bit = 1 << atom;
    if ((needed & bit) === 0) overwritten |= bit;
    written |= bit;
  }
  if (!node.isReturn) needed |= reads(node.code, node.k) & ~written;
  node.needed = needed;
  node.overwritten = overwritten;
}
