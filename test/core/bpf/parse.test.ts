/**
 * What a filter text means (its tree) and what is refused where. The reasons are those libpcap 1.10.3 gives for the
 * same text; the offsets are ours, counted in UTF-16 units from 0.
 */
import { describe, expect, it } from 'vitest';
import { BpfError, parseBpf } from '../../../core/bpf/bpf.ts';
import type { BpfExpression } from '../../../core/bpf/bpf.ts';
import { limits } from '../../../core/limits.ts';

/** A tree in one line: `(port 80 or port 443)`. */
function print(node: BpfExpression): string {
  if (node.kind === 'and' || node.kind === 'or')
    return `(${print(node.left)} ${node.kind} ${print(node.right)})`;
  if (node.kind === 'not') return `!${print(node.operand)}`;
  if (node.kind === 'protocol') return node.protocol;
  if (node.kind === 'encapsulation')
    return node.value === undefined ? node.name : `${node.name} ${node.value}`;
  if (node.kind !== 'address') return node.kind;
  const { protocol, direction, type } = node.qualifiers ?? {};
  const { address } = node;
  const text = 'text' in address ? address.text : String(address.value);
  const bits = 'bits' in address ? `/${address.bits}` : '';
  return [protocol, direction, type, text + bits].filter((part) => part !== undefined).join(' ');
}

function refusal(text: string): BpfError {
  try {
    parseBpf(text);
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('parseBpf', () => {
  it.each([
    ['port 80 or 443', '(port 80 or port 443)'],
    ['tcp dst port 80 or 443 or 22', '((tcp dst port 80 or tcp dst port 443) or tcp dst port 22)'],
    ['not host 10.0.0.1 and 10.0.0.2', '(!host 10.0.0.1 and host 10.0.0.2)'],
    ['host 10.0.0.1 and (10.0.0.2 or 10.0.0.3)', '(host 10.0.0.1 and (host 10.0.0.2 or host 10.0.0.3))'],
    ['port (80 or 443) and tcp', '((port 80 or port 443) and tcp)'],
    ['port not 80', '!port 80'],
    // Behind a parenthesis around terms, the qualifiers from before it hold again.
    ['port 80 or (host 10.0.0.1) or 443', '((port 80 or host 10.0.0.1) or port 443)'],
    ['src or dst port 53', 'src or dst port 53'],
    ['dst and src net 10.0.0.0/8', 'src and dst net 10.0.0.0/8'],
    ['ether host 2:0:0:0:0:1', 'link host 2:0:0:0:0:1'],
  ])('lends the qualifiers before a bare address to it: %s', (text, tree) => {
    expect(print(parseBpf(text))).toBe(tree);
  });

  it.each([
    // Equal precedence, to the left: not (a or (b and c)).
    ['ip or tcp and udp', '((ip or tcp) and udp)'],
    ['ip and tcp or udp', '((ip and tcp) or udp)'],
    ['ip or (tcp and port 80)', '(ip or (tcp and port 80))'],
    ['not tcp and ip', '(!tcp and ip)'],
    ['!!tcp || ip && !arp', '((!!tcp or ip) and !arp)'],
    ['vlan 100 && vlan (200) and ip', '((vlan 100 and vlan 200) and ip)'],
  ])('gives and and or the same precedence and not the highest: %s', (text, tree) => {
    expect(print(parseBpf(text))).toBe(tree);
  });

  it.each(['', ' ', '\t\n'])('takes blank text %j for every packet', (text) => {
    expect(parseBpf(text)).toEqual({ kind: 'all', offset: 0 });
  });

  it('makes a frozen tree', () => {
    const tree = parseBpf('tcp port 80 and ip[0] & 0xf = 5');
    const nodes: object[] = [tree];
    for (const node of nodes) {
      expect(Object.isFrozen(node)).toBe(true);
      nodes.push(...Object.values(node).filter((value) => typeof value === 'object' && value !== null));
    }
    expect(nodes.length).toBeGreaterThan(8);
  });

  it.each([
    // `%` and `^` take everything to their right: 8 % (3 + 1) = 0, where (8 % 3) + 1 = 3.
    ['8 % 3 + 1 = len', 'len = 0'],
    // 1 + 2 * 3 = 7, and << below +: 1 << (1 + 2) = 8.
    ['1 + 2 * 3 = len', 'len = 7'],
    ['1 << 1 + 2 = len', 'len = 8'],
    ['0xff & 0x0f | 0x30 = len', 'len = 63'],
    // Left to right: (9 - 3) - 2.
    ['9 - 3 - 2 = len', 'len = 4'],
  ])('binds arithmetic as libpcap does: %s is %s', (text, equal) => {
    const relation = (source: string): { compare: (length: number) => boolean } => {
      const node = parseBpf(source);
      if (node.kind !== 'relation') throw new Error(node.kind);
      const value = (arithmetic: typeof node.left): number => {
        if (arithmetic.kind === 'number') return arithmetic.value;
        if (arithmetic.kind !== 'binary') throw new Error(arithmetic.kind);
        const [a, b] = [value(arithmetic.left), value(arithmetic.right)];
        const all = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b, '&': a & b, '|': a | b };
        return { ...all, '^': a ^ b, '<<': a << b, '>>': a >>> b }[arithmetic.operator];
      };
      const [side, other] = node.left.kind === 'length' ? [node.right, node.left] : [node.left, node.right];
      expect(other.kind).toBe('length');
      return { compare: (length) => value(side) === length };
    };
    const wanted = Number(/\d+/.exec(equal)![0]);
    expect(relation(text).compare(wanted)).toBe(true);
    expect(relation(equal).compare(wanted)).toBe(true);
  });

  const syntax = "can't parse filter expression: syntax error";
  it.each([
    ['foo bar', 0, syntax],
    ['err_port 80', 0, syntax],
    ['tcp port', 8, syntax],
    ['tcp and', 7, syntax],
    ['tcp tcp', 4, syntax],
    ['(tcp', 4, syntax],
    ['tcp)', 3, syntax],
    ['80', 2, syntax],
    ['not', 3, syntax],
    // A list of addresses and terms do not mix in one parenthesis.
    ['port 80 or (81 or tcp)', 18, syntax],
    ['host ((10.0.0.1))', 7, syntax],
    ['ip[0:2', 6, syntax],
    // `5-3` is one name.
    ['ip[5-3] = 1', 3, syntax],
    ['net 10/8', 6, syntax],
    ['ip proto tcp', 9, syntax],
    ['vxlan 5', 0, syntax],
    ['tcp \u{1F600}', 4, syntax],
    ["port 80 or '", 11, syntax],
    ['port 0x1FFFFFFFF', 5, 'number 0x1FFFFFFFF overflows 32 bits'],
    ['port 089', 5, 'number 089 contains non-octal digit'],
    ['ether host 1:2:3', 11, 'bogus ethernet address 1:2:'],
    ['host 1:2:3:4:5:6:7:8:9', 5, 'bogus ethernet address 1:2:3:4:5:6:7:8:'],
    ['tcp or 80', 7, 'syntax error in filter expression'],
  ])('refuses the text %j at %i', (text, offset, reason) => {
    expect(refusal(text)).toMatchObject({ offset, reason });
    expect(refusal(text).message).toContain(reason);
    expect(refusal(text).message).toContain(`at character ${offset + 1}`);
  });

  it.each([
    ['udp and port 65536', 13, 'illegal port number 65536 > 65535'],
    ['tcp port bogus', 9, "unknown port 'bogus'"],
    ['udp port http', 9, "port 'http' is tcp"],
    ['tcp port ntp', 9, "port 'ntp' is udp"],
    ['icmp port 80', 10, "illegal qualifier of 'port'"],
    ['portrange x-y', 10, "unknown port in range 'x-y'"],
    ['port 1.2.3.4', 5, "'port' modifier applied to ip host"],
    ['gateway example', 8, "'gateway' not supported in this configuration"],
    ['gateway 10.0.0.1', 8, "'gateway' requires a name"],
    ['ether proto bogus', 12, "unknown ether proto 'bogus'"],
    ['ip proto bogus', 9, "unknown ip proto 'bogus'"],
    ['iso proto bogus', 10, "unknown osi proto 'bogus'"],
    ['net 10.0.0.1/8', 4, 'non-network bits set in "10.0.0.1/8"'],
    ['net 10.0.0.1 mask 255.0.0.0', 4, 'non-network bits set in "10.0.0.1 mask 255.0.0.0"'],
    ['net 10.0.0.0/33', 4, 'mask length must be <= 32'],
    ['net 2001:db8::/129', 4, 'mask length must be <= 128'],
    ['host 10.0.0.0/8', 5, 'Mask syntax for networks only'],
    ['host 256.1.1.1', 5, "invalid IPv4 address '256.1.1.1'"],
    ['host 02:00:00:00:00:01', 5, 'ethernet address used in non-ether expression'],
    ['ether host 10.0.0.1', 11, 'illegal link layer address'],
    ['host $1f', 5, 'aid supported only on ARCnet'],
    ['ip host ::1', 8, "'ip' modifier applied to ip6 host"],
    ['ip6 host 10.0.0.1', 9, "'ip6' modifier applied to ip host"],
    ['tcp host 10.0.0.1', 9, "'tcp' modifier applied to host"],
    ['vlan 4096', 0, 'VLAN tag 4096 greater than maximum 4095'],
    ['mpls 1048576', 0, 'MPLS label 1048576 greater than maximum 1048575'],
    ['mpls and vlan', 9, 'no VLAN match after MPLS'],
    ['mpls and arp', 9, 'unsupported protocol over mpls'],
    ['ip[0:3] = 1', 0, 'data size must be 1, 2, or 4'],
    ['stp[0] = 1', 0, 'unsupported index operation'],
    ['ip[0] / 0 = 1', 6, 'division by zero'],
    ['ip[0] << 32 = 1', 6, 'shift by more than 31 bits'],
    ['ip broadcast', 3, "netmask not known, so 'ip broadcast' not supported"],
    ['arp proto 1', 10, 'arp does not encapsulate another protocol'],
    ['tcp proto 1', 10, "'tcp proto' is bogus"],
    ['llc bogus', 0, 'unknown LLC type name "bogus"'],
    ['link', 0, 'link layer applied in wrong context'],
    [
      'ip addr1 10.0.0.1',
      9,
      "'addr1' and 'address1' are not valid qualifiers for addresses other than 802.11 MAC addresses",
    ],
    ['type mgt', 0, '802.11 link-layer types supported only on 802.11'],
    ['vpi > 5', 0, "'vpi' supported only on raw ATM"],
    ['opc (1 or 2)', 0, "'opc' supported only on SS7"],
    ['on eth0', 0, 'ifname supported only on PF linktype'],
  ])('refuses the meaning of %j at %i', (text, offset, reason) => {
    expect(refusal(text)).toMatchObject({ offset, reason });
  });

  it.each([
    'tcp and udp',
    'ip and ip6',
    'port 80 and icmp',
    '1 = 2',
    'tcp and not ip and not ip6',
    'arp and tcp port 80',
  ])('refuses %j, which no packet can match', (text) => {
    expect(refusal(text).reason).toBe('expression rejects all packets');
  });

  it.each([
    'tcp or udp',
    'vlan and ip',
    'not (tcp and not tcp)',
    'ip proto 300',
    'tcp[0:2] = 70000',
    'inbound',
    'ifindex 3',
  ])('accepts %j, which libpcap accepts for an interface', (text) => {
    expect(() => parseBpf(text)).not.toThrow();
  });

  it('says that names of hosts and networks are not looked up', () => {
    expect(refusal('tcp and host example').message).toBe(
      "unknown host 'example' (names are not looked up, give an address) (at character 14)",
    );
    expect(refusal('net example').reason).toMatch(/^unknown network 'example'/);
  });

  it('says what would fit where that is a short list', () => {
    expect(refusal('(tcp')).toMatchObject({ expected: "')'" });
    expect(refusal('port 80 and less x').expected).toBe('a number');
  });

  it('refuses what is nested or written beyond the limits', () => {
    const nested = (depth: number): string => `${'('.repeat(depth)}tcp${')'.repeat(depth)}`;
    expect(() => parseBpf(nested(limits.filterNestingMax))).not.toThrow();
    expect(refusal(nested(limits.filterNestingMax + 1)).reason).toMatch(/memory exhausted$/);
    expect(refusal(' '.repeat(limits.filterCharsMax) + 'x').reason).toMatch(/longer than 65536/);
  });

  it('takes a long chain without growing the stack', () => {
    // 9,000 alternatives of 7 characters each.
    expect(() => parseBpf(`${'tcp or '.repeat(9_000)}tcp`)).not.toThrow();
  });

  it('refuses link types it knows nothing of', () => {
    expect(() => parseBpf('tcp', 105)).toThrow(/link type 105/);
    expect(() => parseBpf('vlan', 101)).toThrow(/no VLAN support for Raw IP/);
    expect(() => parseBpf('arp', 101)).toThrow(/rejects all packets/);
  });
});
