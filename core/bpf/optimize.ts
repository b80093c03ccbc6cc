/**
 * The optimiser: first moves edges only, then simplifies statements too, each until nothing changes; then joins
 * equal nodes. It is here less for speed than because libpcap refuses what it reduces to nothing
 * ("expression rejects all packets"), and because a load it drops can no longer fail on a short capture.
 * Source: McCanne/Jacobson (1993); the rounds and their order are those of libpcap 1.10.3.
 */
import { limits } from '../limits.ts';
import { BpfError } from './errors.ts';
import { countBlocks, FlowGraph } from './flow-graph.ts';
import type { Node } from './flow-graph.ts';
import * as bpf from './instructions.ts';
import { simplifyNode } from './simplify-block.ts';
import { pullUp, threadEdge } from './thread-jumps.ts';
import { ValueNumbers } from './value-numbers.ts';

/** Rounds that only move edges before we take it that they move in circles. */
const idleRoundsMax = 100;

/**
 * The graph simplified, as new blocks; one that is too large stays as it is. Throws BpfError when no packet can match.
 */
export function optimize(root: bpf.Block): bpf.Block {
  if (countBlocks(root) > limits.filterReducedBlocksMax) return root;
  const graph = new FlowGraph(root);
  repeat(graph, false);
  repeat(graph, true);
  joinEqual(graph);
  skipIdleRoot(graph);
  if (graph.root.isReturn && graph.root.k === 0) {
    throw new BpfError('expression rejects all packets', 0);
  }
  return toBlocks(graph);
}

function repeat(graph: FlowGraph, alter: boolean): void {
  const numbers = new ValueNumbers();
  for (let idle = 0; idle < idleRoundsMax;) {
    numbers.changed = false;
    graph.analyse();
    const moved = round(graph, numbers, alter);
    if (numbers.changed) idle = 0;
    else if (moved) idle++;
    else return;
  }
}

/** One round; returns whether an edge moved. `numbers.changed` tells whether anything else did. */
function round(graph: FlowGraph, numbers: ValueNumbers, alter: boolean): boolean {
  const top = graph.root.level;
  numbers.clear();
  graph.linkIncoming();
  for (let level = top; level >= 0; level--) {
    for (const node of graph.level(level)) simplifyNode(node, numbers, alter);
  }
  if (alter) return false;
  let moved = false;
  for (let level = 1; level <= top; level++) {
    for (const node of graph.level(level)) {
      for (const edge of [node.whenTrue, node.whenFalse]) {
        const result = threadEdge(graph, edge);
        if (result.simplified) numbers.changed = true;
        if (result.moved) moved = true;
      }
    }
  }
  graph.linkIncoming();
  for (let level = 1; level <= top; level++) {
    for (const node of graph.level(level)) {
      if (pullUp(node, 'or')) moved = true;
      if (pullUp(node, 'and')) moved = true;
    }
  }
  return moved;
}

/** Nodes that do the same and go the same ways become one, until there are none. */
function joinEqual(graph: FlowGraph): void {
  for (let joined = true; joined;) {
    joined = false;
    const reachable = graph.reachable();
    const kept = new Map<string, Node>();
    const replacement = new Map<Node, Node>();
    for (const node of graph.nodes.toReversed()) {
      if (!reachable.has(node)) continue;
      const key = signature(node);
      const equal = kept.get(key);
      if (equal === undefined) kept.set(key, node);
      else replacement.set(node, equal);
    }
    for (const edge of graph.edges) {
      const equal = edge.to && replacement.get(edge.to);
      if (equal === undefined) continue;
      edge.to = equal;
      joined = true;
    }
  }
}

function signature({ code, k, whenTrue, whenFalse, statements }: Node): string {
  const body = statements
    .filter((statement) => statement.code !== bpf.NOP)
    .map((statement) => `${statement.code} ${statement.k}`);
  return [code, k, whenTrue.to?.id, whenFalse.to?.id, ...body].join();
}

/** A root that decides nothing is skipped; its statements go before those of the next node. */
function skipIdleRoot(graph: FlowGraph): void {
  const first = graph.root.statements;
  graph.root.statements = [];
  while (!graph.root.isReturn && graph.root.whenTrue.to === graph.root.whenFalse.to) {
    graph.root = graph.root.whenTrue.to!;
  }
  graph.root.statements = graph.root.isReturn ? [] : [...first, ...graph.root.statements];
}

function toBlocks(graph: FlowGraph): bpf.Block {
  const blocks = new Map(
    [...graph.reachable()].map((node) => [
      node,
      new bpf.Block(
        node.code,
        node.k,
        node.statements.filter(({ code }) => code !== bpf.NOP),
      ),
    ]),
  );
  for (const [node, block] of blocks) {
    block.jt = node.whenTrue.to && blocks.get(node.whenTrue.to);
    block.jf = node.whenFalse.to && blocks.get(node.whenFalse.to);
  }
  return blocks.get(graph.root)!;
}
