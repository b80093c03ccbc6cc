/**
 * Namespaces made of netlink messages instead of a kernel: for kinds that a kernel may lack, and for more interfaces
 * than one should make. Messages are bytes and go through the codecs like those of a socket.
 */
import { HostGraph } from '../../../probe/topology/host-graph.ts';
import { NO_DRIVER, type DriverFacts } from '../../../probe/linux/ethtool.ts';
import { InterfaceGraph, type MachineFacts } from '../../../probe/topology/interface-graph.ts';
import { NamespaceTable } from '../../../probe/topology/namespace-table.ts';
import type { OpenNamespace } from '../../../probe/topology/open-namespace.ts';
import { buildRequest, readMessages, u32Bytes } from '../../../probe/topology/rtnetlink/netlink.ts';

const NEWLINK = 16;
const DELLINK = 17;
const NEWADDR = 20;
const DELADDR = 21;
const ETHER = 1;
const UP = 0x1_0001;

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export const attribute = (type: number, value: Uint8Array): Attribute => ({ type, value });
export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => u32Bytes(value).subarray(0, 2);
export const u32 = u32Bytes;
export const textBytes = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
export const ip4 = (value: string): Uint8Array => Uint8Array.from(value.split('.').map(Number));
export const macBytes = (value: string): Uint8Array =>
  Uint8Array.from(Buffer.from(value.replaceAll(':', ''), 'hex'));

/** Attributes one after the other, as the value of another. */
export function nested(...attributes: readonly Attribute[]): Uint8Array {
  return buildRequest(0, 0, 0, new Uint8Array(0), attributes).subarray(16);
}

export interface LinkWords {
  readonly kind?: string;
  readonly data?: readonly Attribute[];
  readonly master?: number;
  readonly slaveKind?: string;
  readonly link?: number;
  readonly linkNetnsId?: number;
  readonly more?: readonly Attribute[];
}

/** One network namespace; `numbers` = how it calls others (IFLA_LINK_NETNSID). */
export class MessageNamespace implements OpenNamespace {
  readonly table = new NamespaceTable();
  readonly nodeId: string;
  readonly tid = 'tid';
  readonly socketFd = -1;
  readonly path: string | null;
  readonly key: string;
  readonly name: string;
  readonly numbers = new Map<number, MessageNamespace>();
  /** What is said when an interface is read anew; nothing = it is gone. */
  readonly onRefresh = new Map<number, () => void>();

  constructor(key: string) {
    this.key = key;
    this.name = key === 'root' ? '' : key;
    this.path = key === 'root' ? null : `/run/netns/${key}`;
    this.nodeId = `node-${key}`;
  }

  refresh(index: number): void {
    const say = this.onRefresh.get(index);
    if (say === undefined) this.table.deleteLink(index);
    else say();
  }

  numberOf(other: OpenNamespace): number | undefined {
    return [...this.numbers].find(([, namespace]) => namespace === other)?.[0];
  }

  neighbour(netnsId: number): OpenNamespace | undefined {
    return this.numbers.get(netnsId);
  }

  link(index: number, name: string, words: LinkWords = {}): void {
    const info = [
      ...(words.kind === undefined ? [] : [attribute(1, textBytes(words.kind))]),
      ...(words.data === undefined ? [] : [attribute(2, nested(...words.data))]),
      ...(words.slaveKind === undefined ? [] : [attribute(4, textBytes(words.slaveKind))]),
    ];
    this.#say(NEWLINK, linkHeader(index), [
      attribute(3, textBytes(name)),
      attribute(4, u32(1500)),
      attribute(16, u8(6)),
      ...(words.master === undefined ? [] : [attribute(10, u32(words.master))]),
      ...(words.link === undefined ? [] : [attribute(5, u32(words.link))]),
      ...(words.linkNetnsId === undefined ? [] : [attribute(37, u32(words.linkNetnsId))]),
      ...(info.length === 0 ? [] : [attribute(18, nested(...info))]),
      ...(words.more ?? []),
    ]);
  }

  unlink(index: number): void {
    this.#say(DELLINK, linkHeader(index), []);
  }

  address(index: number, cidr: string, gone = false): void {
    const [address = '', prefix = ''] = cidr.split('/');
    const header = new Uint8Array([2, Number(prefix), 0, 0, ...u32(index)]);
    this.#say(gone ? DELADDR : NEWADDR, header, [attribute(1, ip4(address)), attribute(2, ip4(address))]);
  }

  #say(type: number, header: Uint8Array, attributes: readonly Attribute[]): void {
    for (const message of readMessages(buildRequest(type, 0, 0, header, attributes)))
      this.table.apply(message);
  }
}

function linkHeader(index: number): Uint8Array {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint16(2, ETHER, true);
  view.setInt32(4, index, true);
  view.setUint32(8, UP, true);
  return header;
}

/** The graph of a host with these namespaces, whose drivers say what `drivers` has under an interface's name. */
export class MessageWorld {
  readonly host: HostGraph;
  readonly interfaces: InterfaceGraph;
  readonly log: string[] = [];
  /** undefined as a value: the interface is gone when it is asked. */
  readonly drivers = new Map<string, DriverFacts | undefined>();
  readonly functions = new Map<string, ReadonlyMap<string, number>>();
  readonly #namespaces = new Map<string, MessageNamespace>();
  nowMs = 1_000;

  constructor() {
    this.host = new HostGraph(
      'h1',
      () => this.nowMs,
      (line) => this.log.push(line),
    );
    const machine: MachineFacts = {
      driver: (_fd, name) => (this.drivers.has(name) ? this.drivers.get(name) : NO_DRIVER),
      virtualFunctions: (busInfo) => this.functions.get(busInfo),
    };
    this.interfaces = new InterfaceGraph(
      this.host,
      (key, index) => `${key}/${index}`,
      () => this.nowMs,
      (line) => this.log.push(line),
      machine,
    );
  }

  namespace(key: string): MessageNamespace {
    let namespace = this.#namespaces.get(key);
    if (namespace === undefined) {
      namespace = new MessageNamespace(key);
      this.#namespaces.set(key, namespace);
      this.host.putNode(namespace.nodeId, { Name: key, Type: 'netns' });
    }
    return namespace;
  }

  /** What the set of namespaces does after messages. */
  settle(): void {
    for (const namespace of this.#namespaces.values()) this.interfaces.apply(namespace);
    this.interfaces.settle();
  }

  metadata(id: string): Readonly<Record<string, unknown>> {
    return this.host.graph.node(id)?.metadata ?? {};
  }

  /** `parent>child relation type`, without ownership, by id. */
  get edges(): string[] {
    return [...this.host.graph.edges()]
      .filter((edge) => edge.metadata['RelationType'] !== 'ownership')
      .map(({ parent, child, metadata }) =>
        `${parent}>${child} ${metadata['RelationType'] as string} ${(metadata['Type'] as string | undefined) ?? ''}`.trim(),
      )
      .sort();
  }
}
