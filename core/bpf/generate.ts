/**
 * BpfExpression → graph of blocks. Goes through the expression from left to right, because encapsulations move the
 * header places of everything behind them.
 */
import type { BpfExpression } from './ast.ts';
import { BpfError } from './errors.ts';
import { etherTypes } from './ethertypes.ts';
import { address } from './generate-address.ts';
import { encapsulation } from './generate-encapsulation.ts';
import { innerFrameCheck, linkProtocol, llc } from './generate-link.ts';
import { macHost } from './generate-host.ts';
import { protocolKeyword } from './generate-protocol.ts';
import { relation } from './generate-relation.ts';
import { Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Test } from './instructions.ts';
import { layerNames } from './link-types.ts';
import type { LinkLayout } from './link-types.ts';

/** A filter as a graph; `accept` and `reject` are its two returning blocks. */
export interface Program {
  root: bpf.Block;
  readonly canOptimize: boolean;
}

/** What a matching filter returns: how much of the packet to keep, any number but 0. */
const keepAll = 262_144;

/** `live`: for an interface, where the kernel knows direction and interface index. Throws BpfError. */
export function generate(expression: BpfExpression, layout: LinkLayout, live: boolean): Program {
  const accept = new bpf.Block(bpf.RET | bpf.K, keepAll, []);
  if (expression.kind === 'all') return { root: accept, canOptimize: false };
  const generator = new Generator(layout, live);
  const test = expressionTest(generator, expression);
  bpf.connect(test.whenTrue, accept);
  bpf.connect(test.whenFalse, new bpf.Block(bpf.RET | bpf.K, 0, []));
  return { root: test.head, canOptimize: !generator.noOptimize };
}

function expressionTest(generator: Generator, expression: BpfExpression): Test {
  // `a or b or c …` leans to the left: its spine is walked, not descended, however long it is.
  const spine: Of<'and' | 'or'>[] = [];
  let first = expression;
  while (isChain(first)) {
    spine.push(first);
    first = first.left;
  }
  let test = primitive(generator, first);
  for (const { kind, right } of spine.toReversed()) {
    const next = expressionTest(generator, right);
    test = kind === 'and' ? bpf.both(test, next) : bpf.either(test, next);
  }
  return test;
}

type Of<Kind extends BpfExpression['kind']> = Extract<BpfExpression, { kind: Kind }>;

const isChain = (node: BpfExpression): node is Of<'and' | 'or'> => node.kind === 'and' || node.kind === 'or';

function primitive(generator: Generator, node: Exclude<BpfExpression, { kind: 'and' | 'or' }>): Test {
  const { offset } = node;
  switch (node.kind) {
    case 'all':
      return bpf.constant(true);
    case 'not':
      return bpf.opposite(expressionTest(generator, node.operand));
    case 'address':
      return address(generator, node);
    case 'protocol':
      return protocolKeyword(generator, node.protocol, offset);
    case 'relation':
      return relation(generator, node);
    case 'broadcast':
      return broadcast(generator, node);
    case 'multicast':
      return multicast(generator, node);
    case 'less':
      return bpf.opposite(bpf.test(bpf.JGT, node.length, [bpf.statement(bpf.LD | bpf.LEN)]));
    case 'greater':
      return bpf.test(bpf.JGE, node.length, [bpf.statement(bpf.LD | bpf.LEN)]);
    case 'byte':
      return byteTest(generator, node);
    case 'inbound':
    case 'outbound':
      return direction(generator, node.kind, offset);
    case 'ifindex':
      return interfaceIndex(generator, node.index, offset);
    case 'pppoed':
      return linkProtocol(generator, etherTypes.pppoed, offset);
    case 'encapsulation':
      return encapsulation(generator, node.name, node.value, offset);
    case 'llc':
      return llc(generator, node.subtype, offset);
    case 'foreign':
      throw new BpfError(node.reason, offset);
  }
}

function broadcast(generator: Generator, node: Of<'broadcast' | 'multicast'>): Test {
  const { protocol, offset } = node;
  if (protocol === undefined || protocol === 'link') {
    if (generator.layer !== 'ethernet') throw new BpfError('not a broadcast link', offset);
    return macHost(generator, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'dst', offset);
  }
  const reason =
    protocol === 'ip'
      ? "netmask not known, so 'ip broadcast' not supported"
      : 'only link-layer/IP broadcast filters supported';
  throw new BpfError(reason, offset);
}

function multicast(generator: Generator, node: Of<'broadcast' | 'multicast'>): Test {
  const { protocol, offset } = node;
  if (protocol === 'ip') {
    const carried = linkProtocol(generator, etherTypes.ip, offset);
    return bpf.both(carried, generator.compare(bpf.JGE, 'network', 16, 1, 224));
  }
  if (protocol === 'ip6') {
    const carried = linkProtocol(generator, etherTypes.ip6, offset);
    return bpf.both(carried, generator.equals('network', 24, 1, 255));
  }
  if (generator.layer === 'ethernet' && (protocol === undefined || protocol === 'link')) {
    const check = innerFrameCheck(generator);
    const group = generator.hasBits('link header', 0, 1, 1);
    return check === undefined ? group : bpf.both(check, group);
  }
  const links = 'ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel';
  throw new BpfError(`link-layer multicast filters supported only on ${links}`, offset);
}

function byteTest(generator: Generator, node: Of<'byte'>): Test {
  const { index, value, operator } = node;
  switch (operator) {
    case '=':
      return generator.equals('link header', index, 1, value);
    case '>':
      return generator.compare(bpf.JGT, 'link header', index, 1, value);
    case '<':
      return bpf.opposite(generator.compare(bpf.JGE, 'link header', index, 1, value));
    case '&':
    case '|': {
      // libpcap forgets to load the byte: what the test before left in A is combined instead.
      const combine = bpf.statement(bpf.ALU | bpf.K | (operator === '&' ? bpf.AND : bpf.OR), value);
      return bpf.opposite(bpf.test(bpf.JEQ, 0, [combine]));
    }
  }
}

/** Packet types of the kernel: 4 = sent by this host. Its places lie outside of every packet. */
const outgoing = 4;
const kernelPacketType = 0xfffff004;
const kernelInterfaceIndex = 0xfffff008;

function direction(generator: Generator, kind: 'inbound' | 'outbound', offset: number): Test {
  let test: Test;
  if (generator.layer === 'cooked1') test = generator.equals('link header', 0, 2, outgoing);
  else if (generator.layer === 'cooked2') test = generator.equals('link header', 10, 1, outgoing);
  else if (generator.live) test = generator.equals('link header', kernelPacketType, 2, outgoing);
  else {
    const name = layerNames[generator.layer];
    throw new BpfError(`inbound/outbound not supported on ${name} when reading savefiles`, offset);
  }
  return kind === 'outbound' ? test : bpf.opposite(test);
}

function interfaceIndex(generator: Generator, index: number, offset: number): Test {
  if (generator.layer === 'cooked2') return generator.equals('link header', 4, 4, index);
  if (generator.live) return generator.equals('link header', kernelInterfaceIndex, 4, index);
  const name = layerNames[generator.layer];
  throw new BpfError(`ifindex not supported on ${name} when reading savefiles`, offset);
}
