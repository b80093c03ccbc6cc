/**
 * Whether a filter asks for what a VLAN tag changes. The kernel takes the outer tag off before its filters run, so such
 * a filter can only be answered on the packet with its tag restored (pcap-filter(7) counts from there). All other
 * filters see through the outer tag in the kernel (`tcp port 80` finds tagged packets, too), as libpcap's do there.
 */
import type { Arithmetic, BpfExpression } from '../../../core/bpf/ast.ts';
import { parseBpf } from '../../../core/bpf/bpf.ts';

/** Where the type, and with it the tag, begins in an Ethernet header. */
const TYPE_OFFSET = 12;
const TAG_TYPES = new Set([0x8100, 0x88a8, 0x9100]);

/** False for a text that cannot be read here: libpcap will say what is wrong with it. */
export function isTagSensitive(filter: string, linkType: number): boolean {
  try {
    return asksForTag(parseBpf(filter, linkType));
  } catch {
    return false;
  }
}

function asksForTag(expression: BpfExpression): boolean {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return asksForTag(expression.left) || asksForTag(expression.right);
    case 'not':
      return asksForTag(expression.operand);
    case 'encapsulation':
      return expression.name === 'vlan';
    case 'relation':
      return readsBehindTag(expression.left) || readsBehindTag(expression.right);
    // A length is that on the wire, tag included.
    case 'less':
    case 'greater':
      return true;
    case 'byte':
      return expression.index >= TYPE_OFFSET;
    case 'address': {
      const { qualifiers, address } = expression;
      if (qualifiers?.type !== 'proto' || qualifiers.protocol !== 'link') return false;
      return address.form === 'number' && TAG_TYPES.has(address.value);
    }
    case 'all':
    case 'protocol':
    case 'broadcast':
    case 'multicast':
    case 'inbound':
    case 'outbound':
    case 'pppoed':
    case 'ifindex':
    case 'llc':
    case 'foreign':
      return false;
  }
}

function readsBehindTag(value: Arithmetic): boolean {
  switch (value.kind) {
    case 'number':
      return false;
    case 'length':
      return true;
    case 'load':
      if (value.protocol !== 'link') return readsBehindTag(value.index);
      return value.index.kind !== 'number' || value.index.value + value.size > TYPE_OFFSET;
    case 'negate':
      return readsBehindTag(value.operand);
    case 'binary':
      return readsBehindTag(value.left) || readsBehindTag(value.right);
  }
}
