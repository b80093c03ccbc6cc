/**
 * Tests that see through an encapsulation: VLAN tags, MPLS labels, PPPoE sessions, Geneve. Each moves the header
 * places of everything after it in the text, whether or not it is combined with `and` (pcap-filter(7) says so).
 * Sources: IEEE 802.1Q, RFC 3032, RFC 2516, RFC 8926.
 */
import type { EncapsulationName } from './ast.ts';
import { BpfError } from './errors.ts';
import { etherTypes, pppMpls } from './ethertypes.ts';
import { linkProtocol } from './generate-link.ts';
import { ipProtocols, port4, port6 } from './generate-port.ts';
import type { Base, Generator } from './generator.ts';
import * as bpf from './instructions.ts';
import type { Statement, Test } from './instructions.ts';
import { layerNames } from './link-types.ts';

/** Throws BpfError. `value`: VLAN id, label, session or network; undefined = any. */
export function encapsulation(
  generator: Generator,
  name: EncapsulationName,
  value: number | undefined,
  offset: number,
): Test {
  switch (name) {
    case 'vlan':
      return vlan(generator, value, offset);
    case 'mpls':
      return mpls(generator, value, offset);
    case 'pppoes':
      return pppoeSession(generator, value, offset);
    case 'geneve':
      return geneve(generator, value, offset);
  }
}

function refuseAbove(value: number | undefined, what: string, most: number, offset: number): void {
  if (value === undefined || value <= most) return;
  throw new BpfError(`${what} ${value} greater than maximum ${most}`, offset);
}

function vlan(generator: Generator, id: number | undefined, offset: number): Test {
  if (generator.labelDepth > 0) throw new BpfError('no VLAN match after MPLS', offset);
  if (generator.layer !== 'ethernet') {
    throw new BpfError(`no VLAN support for ${layerNames[generator.layer]}`, offset);
  }
  const customer = linkProtocol(generator, etherTypes.vlan, offset);
  const service = linkProtocol(generator, etherTypes.serviceVlan, offset);
  const tagged = bpf.either(bpf.either(customer, service), linkProtocol(generator, etherTypes.qinq, offset));
  refuseAbove(id, 'VLAN tag', 0xfff, offset);
  const found =
    id === undefined ? tagged : bpf.both(tagged, generator.equalsMasked('network', 0, 2, id, 0xfff));
  generator.linkPayload.constant += 4;
  generator.linkType.constant += 4;
  return found;
}

function mpls(generator: Generator, label: number | undefined, offset: number): Test {
  let found: Test;
  if (generator.labelDepth > 0) {
    // One more label: the one before is not the bottom of the stack.
    found = generator.equalsMasked('previous label', 2, 1, 0, 0x01);
  } else if (generator.layer === 'ethernet') {
    found = linkProtocol(generator, etherTypes.mpls, offset);
  } else if (generator.layer === 'ppp') {
    found = linkProtocol(generator, pppMpls, offset);
  } else {
    throw new BpfError(`no MPLS support for ${layerNames[generator.layer]}`, offset);
  }
  refuseAbove(label, 'MPLS label', 0xfffff, offset);
  if (label !== undefined) {
    found = bpf.both(found, generator.equalsMasked('network', 0, 4, label << 12, 0xfffff000));
  }
  generator.networkNoSnap += 4;
  generator.network += 4;
  generator.labelDepth++;
  return found;
}

function pppoeSession(generator: Generator, session: number | undefined, offset: number): Test {
  let found = linkProtocol(generator, etherTypes.pppoes, offset);
  refuseAbove(session, 'PPPoE session number', 0xffff, offset);
  if (session !== undefined) {
    // Version, type and code, then the session in the low half.
    found = bpf.both(found, generator.equalsMasked('network', 0, 4, session, 0xffff));
  }
  // Six bytes of PPPoE, then PPP: two bytes of protocol, then its payload.
  const { linkPayload } = generator;
  const ppp = linkPayload.constant + generator.network + 6;
  generator.layer = 'ppp';
  generator.isGeneve = false;
  generator.linkHeader = { ...linkPayload, constant: ppp };
  generator.linkType = { ...generator.linkHeader };
  linkPayload.constant = ppp + 2;
  generator.network = 0;
  generator.networkNoSnap = 0;
  return found;
}

const genevePort = 6081;

function geneve(generator: Generator, vni: number | undefined, offset: number): Test {
  const over4 = geneveHeader(generator, 'transport of ip', vni, offset);
  const length4 = [...generator.loadIpHeaderLength(), bpf.statement(bpf.MISC | bpf.TXA)];
  const found4 = bpf.both(over4, bpf.test(bpf.JEQ | bpf.X, 0, length4));
  const over6 = geneveHeader(generator, 'transport of ip6', vni, offset);
  const variable = generator.loadVariablePart(generator.linkPayload);
  const length6 = [...variable, bpf.statement(bpf.LD | bpf.IMM, 40)];
  if (variable.length > 0) length6.push(bpf.statement(bpf.ALU | bpf.ADD | bpf.X));
  length6.push(bpf.statement(bpf.MISC | bpf.TAX));
  const found6 = bpf.both(over6, bpf.test(bpf.JEQ | bpf.X, 0, length6));
  const found = bpf.either(found4, found6);
  const places = genevePlaces(generator, offset);
  generator.isGeneve = true;
  return bpf.both(found, places);
}

/** UDP to the Geneve port, version 0, perhaps this network. */
function geneveHeader(generator: Generator, base: Base, vni: number | undefined, offset: number): Test {
  const query = {
    first: genevePort,
    last: genevePort,
    isRange: false,
    protocol: ipProtocols.udp,
    direction: 'dst',
    offset,
  } as const;
  const toPort = base === 'transport of ip' ? port4(generator, query) : port6(generator, query);
  const version = bpf.both(toPort, generator.equalsMasked(base, 8, 1, 0, 0xc0));
  refuseAbove(vni, 'Geneve VNI', 0xffffff, offset);
  if (vni === undefined) return version;
  return bpf.both(version, generator.equalsMasked(base, 12, 4, vni << 8, 0xffffff00));
}

/**
 * Computes, from the IP header length in A, where the encapsulated frame begins, its type field and its payload,
 * and keeps them in memory words. Without an inner Ethernet header the payload begins where the frame does.
 */
function genevePlaces(generator: Generator, offset: number): Test {
  const { statement } = bpf;
  const header = generator.linkPayload.constant + generator.network + 8;
  const type = generator.allocate(offset);
  const frame = generator.allocate(offset);
  const payload = generator.allocate(offset);
  generator.layer = 'ethernet';
  generator.linkType = { constant: 0, variable: true, register: type };
  generator.linkHeader = { constant: 0, variable: true, register: frame };
  generator.linkPayload = { constant: 0, variable: true, register: payload };
  generator.network = 0;
  // libpcap does not optimise this either: its code jumps inside a block.
  generator.noOptimize = true;

  const measure: Statement[] = [
    statement(bpf.ALU | bpf.ADD | bpf.K, header),
    statement(bpf.MISC | bpf.TAX),
    // The type of what is encapsulated, 2 bytes into the Geneve header.
    statement(bpf.ALU | bpf.ADD | bpf.K, 2),
    statement(bpf.ST, type),
    // The header: 8 bytes and options, counted in words in the low six bits of the first byte.
    statement(bpf.LD | bpf.IND | bpf.BYTE, 0),
    statement(bpf.ALU | bpf.AND | bpf.K, 0x3f),
    statement(bpf.ALU | bpf.MUL | bpf.K, 4),
    statement(bpf.ALU | bpf.ADD | bpf.K, 8),
    statement(bpf.ALU | bpf.ADD | bpf.X),
    statement(bpf.ST, frame),
    statement(bpf.LD | bpf.IND | bpf.HALF, 2),
    statement(bpf.LDX | bpf.MEM, frame),
  ];
  // A whole frame inside: its own type field and its payload are 12 and 14 bytes on.
  const skipFrame = bpf.always([
    statement(bpf.MISC | bpf.TXA),
    statement(bpf.ALU | bpf.ADD | bpf.K, 12),
    statement(bpf.ST, type),
    statement(bpf.ALU | bpf.ADD | bpf.K, 2),
    statement(bpf.MISC | bpf.TAX),
  ]);
  const keep = bpf.always([statement(bpf.STX, payload), statement(bpf.LD | bpf.IMM, 0)]);
  const isFrame = bpf.test(bpf.JEQ, etherTypes.teb, measure);
  bpf.connect(isFrame.whenFalse, keep.head);
  return bpf.both(bpf.both({ ...isFrame, whenFalse: [] }, skipFrame), keep);
}
