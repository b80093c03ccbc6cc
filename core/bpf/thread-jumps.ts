/**
 * Simplifications between nodes: a jump whose outcome an earlier decision on the same value settles goes directly to
 * where that leads; tests of the same value in a chain of alternatives are brought together.
 * Source: McCanne/Jacobson (1993) §4 "redundant predicates"; order and stopping rules are libpcap's.
 */
import { contains } from './flow-graph.ts';
import type { Edge, FlowGraph, Node } from './flow-graph.ts';
import * as bpf from './instructions.ts';

/** Whether `next` needs an atom that would hold something else, were it entered from `from`. */
function conflicts(from: Node, next: Node): boolean {
  const needed = next.neededAfter;
  if (needed === 0) return false;
  for (let atom = 0; atom < bpf.atomCount; atom++) {
    if ((needed & (1 << atom)) !== 0 && from.values[atom] !== next.values[atom]) return true;
  }
  return false;
}

/** Where `node` goes once `earlier` was taken, if that settles it. */
function settled(node: Node, earlier: Edge): Node | undefined {
  const held = earlier.code >= 0;
  const code = Math.abs(earlier.code);
  if (node.code !== code) return undefined;
  if (node.values[bpf.atomA] !== earlier.from.values[bpf.atomA]) return undefined;
  if (node.operand === earlier.from.operand) return held ? node.whenTrue.to : node.whenFalse.to;
  // Equal to one constant: not equal to another.
  if (held && code === (bpf.JMP | bpf.JEQ | bpf.K)) return node.whenFalse.to;
  return undefined;
}

/** Leads one edge past the nodes whose outcome is settled on it. Returns whether anything other than that changed. */
export function threadEdge(graph: FlowGraph, edge: Edge): { moved: boolean; simplified: boolean } {
  const result = { moved: false, simplified: false };
  const next = edge.to;
  if (next === undefined || next.whenTrue.to === undefined) return result;
  if (next.whenTrue.to === next.whenFalse.to && !conflicts(edge.from, next.whenTrue.to)) {
    result.simplified = true;
    edge.to = next.whenTrue.to;
  }
  while (moveOnce(graph, edge)) {
    result.moved = true;
    if (edge.to!.whenTrue.to === undefined) break;
  }
  return result;
}

function moveOnce(graph: FlowGraph, edge: Edge): boolean {
  const { dominators } = edge;
  for (let word = 0; word < dominators.length; word++) {
    for (let bits = dominators[word]!; bits !== 0;) {
      const lowest = bits & -bits;
      bits = (bits ^ lowest) >>> 0;
      const earlier = graph.edges[word * 32 + (31 - Math.clz32(lowest))];
      if (earlier === undefined) continue;
      const target = settled(edge.to!, earlier);
      if (target !== undefined && !conflicts(edge.from, target)) {
        edge.to = target;
        return true;
      }
    }
  }
  return false;
}

/**
 * In a chain of alternatives (`or`: common true side; `and`: common false side) that begins at `node`, moves the first
 * later test of the value A already holds on entry up before the tests of other values. Returns whether it did.
 */
export function pullUp(node: Node, kind: 'or' | 'and'): boolean {
  const value = commonValue(node);
  if (value === undefined) return false;
  const shared = kind === 'or' ? 'whenTrue' : 'whenFalse';
  const chained = kind === 'or' ? 'whenFalse' : 'whenTrue';
  const inChain = (next: Node | undefined): next is Node =>
    next !== undefined && next[shared].to === node[shared].to && contains(next.dominators, node.id);

  const { from } = node.firstInto!;
  let different = from.whenTrue.to === node ? from.whenTrue : from.whenFalse;
  let atTop = true;
  for (;;) {
    const next = different.to;
    if (!inChain(next)) return false;
    if (next.values[bpf.atomA] !== value) break;
    different = next[chained];
    atTop = false;
  }
  let same = different.to![chained];
  for (;;) {
    const next = same.to;
    if (!inChain(next)) return false;
    if (next.values[bpf.atomA] === value) break;
    same = next[chained];
  }
  const pulled = same.to!;
  same.to = pulled[chained].to;
  pulled[chained].to = different.to;
  if (!atTop) {
    different.to = pulled;
    return true;
  }
  for (let edge = node.firstInto; edge !== undefined; edge = edge.nextInto) {
    const into = edge.from;
    if (into.whenTrue.to === node) into.whenTrue.to = pulled;
    else into.whenFalse.to = pulled;
  }
  return true;
}

/** The value number of A in which all predecessors agree. */
function commonValue(node: Node): number | undefined {
  const { firstInto } = node;
  if (firstInto === undefined) return undefined;
  const value = firstInto.from.values[bpf.atomA]!;
  for (let edge = firstInto.nextInto; edge !== undefined; edge = edge.nextInto) {
    if (edge.from.values[bpf.atomA] !== value) return undefined;
  }
  return value;
}
