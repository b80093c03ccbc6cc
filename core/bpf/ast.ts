/**
 * The filter expression as frozen data: what the parser makes and the code generators walk.
 * Qualifiers are already inherited (`port 80 or 443` holds `port` twice); names are not yet resolved.
 * Source: pcap-filter(7). Every node carries `offset`, its place in the text in UTF-16 units.
 */

/** Protocol keywords, alone (`tcp`), as a qualifier (`tcp port 80`) or as a header (`tcp[13]`); `link` is also ether, fddi, tr, wlan, ppp, slip. */
export type ProtocolName =
  | 'link'
  | 'ip'
  | 'arp'
  | 'rarp'
  | 'sctp'
  | 'tcp'
  | 'udp'
  | 'icmp'
  | 'igmp'
  | 'igrp'
  | 'pim'
  | 'vrrp'
  | 'carp'
  | 'atalk'
  | 'aarp'
  | 'decnet'
  | 'lat'
  | 'sca'
  | 'mopdl'
  | 'moprc'
  | 'ip6'
  | 'icmp6'
  | 'ah'
  | 'esp'
  | 'iso'
  | 'esis'
  | 'isis'
  | 'l1'
  | 'l2'
  | 'iih'
  | 'lsp'
  | 'snp'
  | 'csnp'
  | 'psnp'
  | 'clnp'
  | 'stp'
  | 'ipx'
  | 'netbeui'
  | 'radio';

export type Direction =
  | 'src'
  | 'dst'
  | 'src or dst'
  | 'src and dst'
  | 'addr1'
  | 'addr2'
  | 'addr3'
  | 'addr4'
  | 'ra'
  | 'ta';

export type AddressType = 'host' | 'net' | 'port' | 'portrange' | 'gateway' | 'proto' | 'protochain';

/** What stands before an address: `tcp src port` → tcp, src, port. A missing part is undefined. */
export interface Qualifiers {
  readonly protocol: ProtocolName | undefined;
  readonly direction: Direction | undefined;
  readonly type: AddressType | undefined;
}

/** The address itself, as written. */
export type Address =
  | { readonly form: 'name'; readonly text: string }
  | { readonly form: 'number'; readonly value: number }
  /** Two to four numbers with dots. */
  | { readonly form: 'ipv4'; readonly text: string }
  | { readonly form: 'ipv4-prefix'; readonly text: string; readonly bits: number }
  | { readonly form: 'ipv4-mask'; readonly text: string; readonly mask: string }
  | { readonly form: 'ipv6'; readonly text: string }
  | { readonly form: 'ipv6-prefix'; readonly text: string; readonly bits: number }
  | { readonly form: 'mac'; readonly text: string }
  /** `$1f`: an ARCnet address. */
  | { readonly form: 'arcnet'; readonly text: string };

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type RelationOperator = '>' | '>=' | '=' | '<=' | '<' | '!=';

/** A 32-bit unsigned value computed from the packet. */
export type Arithmetic =
  | { readonly kind: 'number'; readonly value: number; readonly offset: number }
  | { readonly kind: 'length'; readonly offset: number }
  | {
      readonly kind: 'load';
      readonly protocol: ProtocolName;
      readonly index: Arithmetic;
      readonly size: number;
      readonly offset: number;
    }
  | { readonly kind: 'negate'; readonly operand: Arithmetic; readonly offset: number }
  | {
      readonly kind: 'binary';
      readonly operator: ArithmeticOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly offset: number;
    };

/** Tests that shift the header offsets of everything that follows them in the text. */
export type EncapsulationName = 'vlan' | 'mpls' | 'pppoes' | 'geneve';

export type BpfExpression =
  /** The empty text: every packet. */
  | { readonly kind: 'all'; readonly offset: number }
  | {
      readonly kind: 'and' | 'or';
      readonly left: BpfExpression;
      readonly right: BpfExpression;
      readonly offset: number;
    }
  | { readonly kind: 'not'; readonly operand: BpfExpression; readonly offset: number }
  | {
      readonly kind: 'address';
      /** undefined: nothing before it lends qualifiers (`tcp or 80`), which the check refuses. */
      readonly qualifiers: Qualifiers | undefined;
      readonly address: Address;
      readonly offset: number;
    }
  | { readonly kind: 'protocol'; readonly protocol: ProtocolName; readonly offset: number }
  | {
      readonly kind: 'relation';
      readonly operator: RelationOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly offset: number;
    }
  | {
      readonly kind: 'broadcast' | 'multicast';
      readonly protocol: ProtocolName | undefined;
      readonly offset: number;
    }
  | { readonly kind: 'less' | 'greater'; readonly length: number; readonly offset: number }
  | {
      readonly kind: 'byte';
      readonly index: number;
      readonly operator: '&' | '|' | '<' | '>' | '=';
      readonly value: number;
      readonly offset: number;
    }
  | { readonly kind: 'inbound' | 'outbound' | 'pppoed'; readonly offset: number }
  | { readonly kind: 'ifindex'; readonly index: number; readonly offset: number }
  | {
      readonly kind: 'encapsulation';
      readonly name: EncapsulationName;
      /** VLAN id, MPLS label, PPPoE session or Geneve network; undefined = any. */
      readonly value: number | undefined;
      readonly offset: number;
    }
  | { readonly kind: 'llc'; readonly subtype: string | undefined; readonly offset: number }
  /** A test that only other link layers know: pf logs, 802.11, ATM, SS7. */
  | { readonly kind: 'foreign'; readonly reason: string; readonly offset: number };
