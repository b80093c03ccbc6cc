/**
 * From flows to nodes: In Out Both by MAC of the link ends, Hops and CaptureNode by the capture node, Nodes all of
 * these (Gremlin notes, section 8.3). Per flow and look-up the first node that passes the filter; none is skipped over.
 * An end whose MAC nobody has is the node that alone has its IP address; Hops are in the order of the way.
 */
import type { Cell } from '../../flow/reduction.ts';
import { addressesOf } from '../../graph/addresses.ts';
import type { GraphNode, Json } from '../../graph/element.ts';
import type { IndexedKey } from '../../graph/view.ts';
import type { Step, StepName } from '../ast.ts';
import { elementConditions, elementTest } from '../element-filter.ts';
import type { ElementTest } from '../element-filter.ts';
import type { Run, Traversal, ValueOf } from '../state.ts';
import { flowRows } from './flow-reduce.ts';
import { alongTheWay, type Crossing } from './hop-order.ts';

/** `filters` are the Has steps right behind, which are part of the look-up. */
export async function nodesOfFlows(
  run: Run,
  value: ValueOf<'flows'>,
  step: Step,
  filters: readonly Step[],
): Promise<ValueOf<'nodes'>> {
  const { on } = value;
  const tests = [step, ...filters]
    .map((one) => elementTest(elementConditions(one.params), 'node'))
    .filter((test): test is ElementTest => test !== undefined);
  const find = new NodeFinder(run, on, step, (node) => tests.every((test) => test(node)));
  const lookUp = LOOK_UPS[step.name] ?? byCaptureNode;
  const nodes: GraphNode[] = [];
  const isHops = step.name === 'Hops' && value.plan.sort === undefined;
  const rows = await flowRows(run, value, isHops ? HOP_KEYS : END_KEYS);
  const found = rows.map((row) => crossingOf(row));
  for (const crossing of isHops ? alongTheWay(run, on, step, found) : found) {
    for (const node of lookUp(crossing, find)) if (node !== undefined) nodes.push(node);
    run.checkSize(step, nodes.length);
  }
  return { kind: 'nodes', on, nodes };
}

/** What of a flow names nodes … */
const END_KEYS = ['NodeTID', 'Link.A', 'Link.B', 'Network.A', 'Network.B'];
/** … and what orders them along the way. */
const HOP_KEYS = [...END_KEYS, 'TrackingID', 'L3TrackingID', 'Start'];

function crossingOf(row: readonly Cell[]): Crossing {
  const [tid, a, b, addressA, addressB, tracking, l3Tracking] = row.map(([cell]) =>
    typeof cell === 'string' ? cell : undefined,
  );
  const start = Number(row[HOP_KEYS.length - 1]?.[0] ?? 0);
  return { tid, a, b, addressA, addressB, tracking, l3Tracking, start };
}

type LookUp = (flow: Crossing, find: NodeFinder) => readonly (GraphNode | undefined)[];

const byCaptureNode: LookUp = ({ tid }, find) => [find.byTid(tid)];

const LOOK_UPS: Readonly<Partial<Record<StepName, LookUp>>> = {
  In: (flow, find) => [find.byEnd(flow.a, flow.addressA)],
  Out: (flow, find) => [find.byEnd(flow.b, flow.addressB)],
  Both: (flow, find) => [find.byEnd(flow.a, flow.addressA), find.byEnd(flow.b, flow.addressB)],
  Nodes: (flow, find) => [
    find.byTid(flow.tid),
    find.byMac(flow.a) ?? find.byAddress(flow.addressA),
    find.byMac(flow.b) ?? find.byAddress(flow.addressB),
  ],
  Hops: byCaptureNode,
  CaptureNode: byCaptureNode,
};

type LookUpKey = Extract<IndexedKey, 'MAC' | 'PeerIntfMAC' | 'TID'>;

/** The first node per key and value that passes; by the graph's index, or by one made here of the whole graph. */
class NodeFinder {
  readonly #run: Run;
  readonly #on: Traversal;
  readonly #step: Step;
  readonly #passes: ElementTest;
  readonly #found = new Map<string, GraphNode | undefined>();
  #scanned: Map<string, GraphNode> | undefined;
  /** IP address → its node; null = several have it. */
  #holders: ReadonlyMap<string, GraphNode | null> | undefined;

  constructor(run: Run, on: Traversal, step: Step, passes: ElementTest) {
    this.#run = run;
    this.#on = on;
    this.#step = step;
    this.#passes = passes;
  }

  /** A MAC of the node itself, else of the interface at its other end, else the address. */
  byEnd(mac: string | undefined, address: string | undefined): GraphNode | undefined {
    return this.byMac(mac) ?? this.#find('PeerIntfMAC', mac) ?? this.byAddress(address);
  }

  /** The only node with this IP address; addresses that several have (127.0.0.1, those of containers) tell nothing. */
  byAddress(address: string | undefined): GraphNode | undefined {
    if (address === undefined || address === '') return undefined;
    this.#holders ??= this.#readAddresses();
    return this.#holders.get(address) ?? undefined;
  }

  byMac(mac: string | undefined): GraphNode | undefined {
    return this.#find('MAC', mac);
  }

  byTid(tid: string | undefined): GraphNode | undefined {
    return this.#find('TID', tid);
  }

  #find(key: LookUpKey, value: string | undefined): GraphNode | undefined {
    if (value === undefined || value === '') return undefined;
    const id = `${key} ${value}`;
    if (this.#found.has(id)) return this.#found.get(id);
    const indexed = this.#on.view.nodesWith?.(key, value);
    const node = indexed === undefined ? this.#scan().get(id) : this.#firstOf(indexed);
    this.#found.set(id, node);
    return node;
  }

  #firstOf(nodes: Iterable<GraphNode>): GraphNode | undefined {
    for (const node of nodes) {
      this.#run.visit(this.#step);
      if (this.#passes(node)) return node;
    }
    return undefined;
  }

  #readAddresses(): ReadonlyMap<string, GraphNode | null> {
    const holders = new Map<string, GraphNode | null>();
    for (const node of this.#on.view.nodes()) {
      this.#run.visit(this.#step);
      if (!this.#passes(node)) continue;
      for (const address of addressesOf(node)) holders.set(address, holders.has(address) ? null : node);
    }
    return holders;
  }

  #scan(): ReadonlyMap<string, GraphNode> {
    if (this.#scanned !== undefined) return this.#scanned;
    const first = new Map<string, GraphNode>();
    for (const node of this.#on.view.nodes()) {
      this.#run.visit(this.#step);
      if (!this.#passes(node)) continue;
      for (const key of ['MAC', 'PeerIntfMAC', 'TID'] as const)
        for (const value of textsOf(node.metadata[key]))
          if (!first.has(`${key} ${value}`)) first.set(`${key} ${value}`, node);
    }
    this.#scanned = first;
    return first;
  }
}

function textsOf(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value)
    ? (value as readonly Json[]).filter((member) => typeof member === 'string')
    : [];
}
