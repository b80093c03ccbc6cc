"""
Netlink messages of interfaces that few kernels can make, built byte by byte from the numbers in linux/if_link.h,
if_arp.h, if_bonding.h, if_bridge.h, if_tunnel.h, if_addr.h and fib_rules.h, and decoded by pyroute2 (an independent
decoder). Prints the JSON that is kept in messages.json; messages.test.ts compares our decoder with pyroute2's word.

    python make-messages.py > messages.json        (needs pyroute2, as in test/e2e/python/requirements.txt)
"""
import json
import socket
import struct
import sys

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

NEWLINK, DELLINK, NEWADDR, DELADDR, NEWROUTE, NEWNEIGH, NEWRULE = 16, 17, 20, 21, 24, 28, 32
ETHER, NONE, TUNNEL, TUNNEL6, SIT, IPGRE, IP6GRE, CAN = 1, 65534, 768, 769, 776, 778, 823, 280
UP, LOWER_UP, MASTER, SLAVE, POINTOPOINT, NOARP = 1, 1 << 16, 1 << 10, 1 << 11, 1 << 4, 1 << 7


def attribute(kind, value):
    data = struct.pack('=HH', 4 + len(value), kind) + value
    return data + b'\0' * (-len(data) % 4)


def text(value):
    return value.encode() + b'\0'


def u8(value):
    return struct.pack('=B', value)


def u16(value):
    return struct.pack('=H', value)


def u32(value):
    return struct.pack('=I', value)


def be16(value):
    return struct.pack('>H', value)


def be32(value):
    return struct.pack('>I', value)


def mac(value):
    return bytes.fromhex(value.replace(':', ''))


def message(kind, body):
    return struct.pack('=IHHII', 16 + len(body), kind, 0, 7, 0) + body


def info(kind, data=b'', slave_kind='', slave_data=b''):
    parts = b''
    if kind:
        parts += attribute(1, text(kind))
    if data:
        parts += attribute(2 | 0x8000, data)
    if slave_kind:
        parts += attribute(4, text(slave_kind))
    if slave_data:
        parts += attribute(5 | 0x8000, slave_data)
    return attribute(18 | 0x8000, parts)


def link(index, name, *, hardware=ETHER, flags=UP | LOWER_UP, address='', mtu=1500, state=6, extra=b'', kind=NEWLINK):
    body = struct.pack('=BxHiII', 0, hardware, index, flags, 0xFFFFFFFF)
    body += attribute(3, text(name)) + attribute(4, u32(mtu)) + attribute(16, u8(state))
    if address:
        body += attribute(1, mac(address))
    return message(kind, body + extra)


def parent(index, netns_id=None):
    return attribute(5, u32(index)) + (attribute(37, struct.pack('=i', netns_id)) if netns_id is not None else b'')


def master(index):
    return attribute(10, u32(index))


def stats64(values):
    return attribute(23, b''.join(struct.pack('=Q', value) for value in values))


def addr(family, prefix, index, attributes, kind=NEWADDR):
    return message(kind, struct.pack('=BBBBI', family, prefix, 0, 0, index) + attributes)


def route(family, prefix, attributes, *, table=254, protocol=3, flags=0):
    return message(NEWROUTE, struct.pack('=BBBBBBBBI', family, prefix, 0, 0, table, protocol, 0, 1, flags) + attributes)


def hop(index, attributes=b''):
    return struct.pack('=HBBi', 8 + len(attributes), 0, 0, index) + attributes


def neighbour(family, index, state, flags, attributes):
    return message(NEWNEIGH, struct.pack('=BBHiHBB', family, 0, 0, index, state, flags, 1) + attributes)


def ip4(value):
    return bytes(int(part) for part in value.split('.'))


def ip6(value):
    return socket.inet_pton(socket.AF_INET6, value)


def attributes(*pairs):
    return b''.join(attribute(kind, value) for kind, value in pairs)


def nest(kind, *pairs):
    return attribute(kind | 0x8000, attributes(*pairs))


def port(index, master_index, protinfo=b'', vlans=(), kind=NEWLINK):
    """A bridge's word on a port: family AF_BRIDGE, IFLA_PROTINFO, IFLA_AF_SPEC."""
    body = struct.pack('=BxHiII', 7, ETHER, index, UP | LOWER_UP, 0) + attribute(3, text('port%d' % index))
    if master_index:
        body += master(master_index)
    if protinfo:
        body += attribute(12 | 0x8000, protinfo)
    if vlans:
        body += attribute(26, b''.join(attribute(2, struct.pack('=HH', flags, vid)) for flags, vid in vlans))
    return message(kind, body)


def rule(family, attributes_, *, table=254, action=1, dst=0, src=0, tos=0, flags=0):
    return message(NEWRULE, struct.pack('=BBBBBBBBI', family, dst, src, tos, table, 0, 0, action, flags) + attributes_)


def virtual_function(number, address, vlan=0, qos=0, rate=0, spoofcheck=0, state=0):
    return attribute(1 | 0x8000, attributes(
        (1, u32(number) + mac(address) + b'\0' * 26),
        (2, u32(number) + u32(vlan) + u32(qos)),
        (3, u32(number) + u32(rate)),
        (4, u32(number) + u32(spoofcheck)),
        (5, u32(number) + u32(state)),
    ))


bond_slave = (
    attribute(1, u8(1)) + attribute(2, u8(2)) + attribute(3, u32(3)) + attribute(4, mac('02:00:00:00:0b:01'))
    + attribute(5, u16(4)) + attribute(6, u16(5)) + attribute(7, u8(61)) + attribute(8, u16(63))
)
A = '02:00:00:00:00:0a'
MESSAGES = {
    'dummy': link(10, 'dummy0', address=A, flags=UP | NOARP | LOWER_UP, state=0, extra=info('dummy')),
    'vlan on a device here': link(11, 'eth0.42', address=A, extra=parent(2) + info('vlan', attribute(1, u16(42)) + attribute(5, u16(0x0081)) + attribute(2, struct.pack('=II', 1, 0xFFFFFFFF)))),
    'vlan on a device in another namespace': link(2, 'v4094', address=A, extra=parent(2, 3) + info('vlan', attribute(1, u16(4094)))),
    'bond, active-backup': link(12, 'bond0', address=A, flags=UP | MASTER | LOWER_UP, extra=info('bond', attribute(1, u8(1)) + attribute(3, u32(100)))),
    'bond, 802.3ad': link(13, 'bond1', address=A, flags=UP | MASTER, state=2, extra=info('bond', attribute(1, u8(4)))),
    'member of a bond': link(14, 'eth1', address=A, flags=UP | SLAVE | LOWER_UP, extra=master(12) + info('', b'', 'bond', bond_slave)),
    'dummy that is a member of a bond': link(15, 'dummy1', address=A, flags=UP | SLAVE, extra=master(12) + info('dummy', b'', 'bond', bond_slave[:24])),
    'ipvlan': link(16, 'ipvl0', address=A, extra=parent(2) + info('ipvlan', attribute(1, u16(0)) + attribute(2, u16(0)))),
    'macvtap': link(17, 'macvtap0', address=A, extra=parent(2) + info('macvtap', attribute(1, u32(4)))),
    'gre': link(18, 'gre1', hardware=IPGRE, flags=UP | POINTOPOINT | NOARP | LOWER_UP, address='0a:00:00:01', mtu=1476, state=0, extra=info('gre', attribute(6, bytes([10, 0, 0, 1])) + attribute(7, bytes([10, 0, 0, 2])))),
    'gretap': link(19, 'gretap1', address=A, mtu=1462, extra=info('gretap', attribute(6, bytes([10, 0, 0, 1])))),
    'ip6gre': link(20, 'ip6gre1', hardware=IP6GRE, address='fd000000000000000000000000000001', mtu=1448, extra=parent(2) + info('ip6gre')),
    'ipip': link(21, 'tunl1', hardware=TUNNEL, address='0a:00:00:01', mtu=1480, extra=info('ipip')),
    'ip6tnl': link(22, 'ip6tnl1', hardware=TUNNEL6, address='fd000000000000000000000000000001', mtu=1452, extra=info('ip6tnl')),
    'sit with an all-zero address': link(23, 'sit0', hardware=SIT, flags=NOARP, address='00:00:00:00', mtu=1480, state=2, extra=info('sit')),
    'vti': link(24, 'vti1', hardware=TUNNEL, address='0a:00:00:01', extra=info('vti')),
    'vrf': link(25, 'vrf-blue', address=A, flags=UP | MASTER | NOARP | LOWER_UP, mtu=65575, extra=info('vrf', attribute(1, u32(10)))),
    'member of a vrf': link(26, 'eth2', address=A, extra=master(25) + info('', b'', 'vrf', attribute(1, u32(10)))),
    'geneve': link(27, 'gnv1', address=A, extra=info('geneve', attribute(1, u32(99)) + attribute(2, bytes([10, 0, 0, 9])))),
    'vxlan in a bridge': link(28, 'vx100', address=A, extra=parent(2) + master(3) + info('vxlan', attribute(1, u32(100)), 'bridge', attribute(1, u8(3)))),
    'wireguard': link(29, 'wg0', hardware=NONE, flags=UP | POINTOPOINT | NOARP | LOWER_UP, mtu=1420, state=0, extra=info('wireguard')),
    'team': link(30, 'team0', address=A, extra=info('team')),
    'member of a team': link(31, 'eth3', address=A, extra=master(30) + info('', b'', 'team')),
    'xfrm': link(32, 'ipsec0', hardware=NONE, extra=parent(2) + info('xfrm')),
    'can': link(33, 'can0', hardware=CAN, mtu=16, extra=info('can')),
    'veth across namespaces, equal indexes': link(5, 'eth0', address=A, extra=parent(5, 0) + info('veth')),
    'veth whose peer has no number': link(6, 'eth1', address=A, extra=parent(7, -1) + info('veth')),
    'lower layer down': link(34, 'mv0', address=A, state=3, extra=parent(2) + info('macvlan')),
    'a real device with counters beyond 32 bits': link(2, 'ens3', address=A, extra=stats64([1, 2, 2**40 + 3, 2**53 - 1] + list(range(5, 24)))),
    'the longest name': link(35, 'abcdefghijklmno', address=A),
    'deleted': link(36, 'gone0', address=A, kind=DELLINK, extra=info('dummy')),
    'vlan with a service tag': link(40, 'q0', address=A, extra=parent(2) + info('vlan', attributes((1, u16(7)), (5, be16(0x88A8))))),
    'bond with an active member': link(41, 'bond2', address=A, extra=info('bond', attributes((1, u8(1)), (2, u32(14))))),
    'bridge with VLANs': link(42, 'br0', address=A, extra=info('bridge', attributes(
        (1, u32(1500)), (5, u32(1)), (6, u16(0x8000)), (7, u8(1)), (8, be16(0x8100)), (10, be16(0x1000) + mac('02:00:00:00:00:01')),
        (11, be16(0x8000) + mac(A)), (16, struct.pack('=Q', 123)), (23, u8(1)), (39, u16(1))))),
    'bridge without VLANs in it': link(43, 'br1', address=A, extra=info('bridge', attributes((5, u32(0)), (10, be16(0x8000) + mac(A)), (11, be16(0x8000) + mac(A)), (23, u8(0))))),
    'macvlan in bridge mode': link(44, 'mv1', address=A, extra=parent(2) + info('macvlan', attribute(1, u32(4)) + attribute(2, u16(1)))),
    'macvlan in source mode': link(45, 'mv2', address=A, extra=parent(2) + info('macvlan', attribute(1, u32(16)))),
    'ipvlan in l3 mode': link(46, 'iv1', address=A, extra=parent(2) + info('ipvlan', attribute(1, u16(1)) + attribute(2, u16(1)))),
    'tap': link(47, 'tap0', address=A, extra=info('tun', attributes((1, u32(1000)), (3, u8(2)), (4, u8(0)), (5, u8(1)), (6, u8(1)), (7, u8(0))))),
    'tun': link(48, 'tun0', hardware=NONE, extra=info('tun', attributes((3, u8(1)), (6, u8(0))))),
    'vxlan to one end': link(49, 'vx1', address=A, extra=parent(2) + info('vxlan', attributes(
        (1, u32(100)), (2, ip4('172.30.0.2')), (3, u32(2)), (4, ip4('172.30.0.1')), (5, u8(16)), (6, u8(32)), (7, u8(1)), (8, u32(300)),
        (10, be16(32768) + be16(61000)), (15, be16(4789)), (18, u8(1))))),
    'vxlan to a group, over IPv6': link(50, 'vx2', address=A, extra=info('vxlan', attributes(
        (1, u32(2 ** 24 - 1)), (16, ip6('ff05::100')), (17, ip6('fd00::1')), (5, u8(0)), (7, u8(0)), (15, be16(8472))))),
    'vxlan without ends of its own': link(51, 'vxlan_sys', address=A, extra=info('vxlan', attributes((1, u32(0)), (2, ip4('0.0.0.0')), (7, u8(1)), (15, be16(4789)), (25, u8(1))))),
    'geneve over IPv6': link(52, 'gnv2', address=A, extra=info('geneve', attributes((1, u32(77)), (7, ip6('fd00::9')), (3, u8(64)), (5, be16(6081))))),
    'geneve without ends of its own': link(53, 'gnv3', address=A, extra=info('geneve', attributes((1, u32(0)), (5, be16(6081)), (6, b'')))),
    'gre with keys': link(54, 'gre2', hardware=IPGRE, address='0a000001', extra=parent(2) + info('gre', attributes(
        (1, u32(2)), (2, be16(0x2000)), (3, be16(0x2000)), (4, be32(7)), (5, be32(2 ** 32 - 1)), (6, ip4('10.0.0.1')), (7, ip4('10.0.0.2')), (8, u8(64)), (9, u8(1))))),
    'gre without keys': link(55, 'gre3', hardware=IPGRE, address='0a000001', extra=info('gre', attributes(
        (2, be16(0)), (3, be16(0x1000)), (4, be32(0)), (5, be32(0)), (6, ip4('10.0.0.1')), (7, ip4('0.0.0.0')), (8, u8(0))))),
    'gretap with a key': link(56, 'gretap2', address=A, extra=info('gretap', attributes((2, be16(0x2000)), (4, be32(9)), (6, ip4('10.0.0.1')), (7, ip4('10.0.0.3'))))),
    'ip6gretap': link(57, 'ip6gretap1', address=A, extra=info('ip6gretap', attributes((6, ip6('fd00::1')), (7, ip6('fd00::2'))))),
    'ip6gre with ends': link(58, 'ip6gre2', hardware=IP6GRE, extra=info('ip6gre', attributes((6, ip6('fd00::1')), (7, ip6('fd00::2')), (8, u8(3))))),
    'ipip with ends': link(59, 'ipip1', hardware=TUNNEL, address='0a000001', extra=info('ipip', attributes((2, ip4('10.0.0.1')), (3, ip4('10.0.0.2')), (4, u8(9)), (5, u8(4))))),
    'sit with ends': link(60, 'sit1', hardware=SIT, address='0a000001', extra=info('sit', attributes((2, ip4('10.0.0.1')), (3, ip4('10.0.0.2')), (4, u8(64))))),
    'ip6tnl with ends': link(61, 'ip6tnl2', hardware=TUNNEL6, extra=info('ip6tnl', attributes((2, ip6('fd00::1')), (3, ip6('fd00::2')), (4, u8(64)), (9, u8(41))))),
    'vti with keys': link(62, 'vti2', hardware=TUNNEL, extra=info('vti', attributes((2, be32(5)), (3, be32(6)), (4, ip4('10.0.0.1')), (5, ip4('10.0.0.2'))))),
    'vti6': link(63, 'vti6a', hardware=TUNNEL6, extra=info('vti6', attributes((2, be32(5)), (3, be32(0)), (4, ip6('fd00::1')), (5, ip6('fd00::2'))))),
    'xfrm with an id': link(64, 'ipsec1', hardware=NONE, extra=parent(2) + info('xfrm', attributes((1, u32(2)), (2, u32(42))))),
    'netkit across namespaces': link(65, 'nk0', address=A, extra=parent(4, 1) + info('netkit', attributes((2, u8(1)), (5, u32(1))))),
    'ifb': link(66, 'ifb0', address=A, extra=info('ifb')),
    'nlmon': link(67, 'nlmon0', hardware=824, flags=UP | NOARP | LOWER_UP, extra=info('nlmon')),
    'several names': link(68, 'ens4', address=A, extra=attribute(20, text('uplink to rack 7')) + nest(52, (53, text('enp0s4')), (53, text('a-name-longer-than-fifteen')))),
    'card with virtual functions': link(69, 'ens5', address=A, extra=attribute(21, u32(2)) + attribute(22 | 0x8000, virtual_function(0, '02:00:00:00:0f:00') + virtual_function(1, '02:00:00:00:0f:01', 42, 3, 1000, 1, 2))),
    'card whose virtual functions are off': link(70, 'ens6', address=A, extra=attribute(21, u32(0))),
    'port of a bridge': port(5, 42, attributes((1, u8(3)), (2, u16(32)), (3, u32(2)), (4, u8(1)), (33, u8(0))), [(6, 1), (8, 100), (16, 110), (0, 200)]),
    'port that is blocked and isolated': port(6, 42, attributes((1, u8(4)), (2, u16(16)), (3, u32(100)), (4, u8(0)), (33, u8(1)))),
    'bridge on itself': port(42, 0, b'', [(6, 1)]),
    'port that left its bridge': port(7, 42, kind=DELLINK),
    'rule for a mark': rule(2, attributes((6, u32(100)), (10, u32(0x10)), (16, u32(0xFF)), (15, u32(1000)), (21, u8(4))), table=252),
    'rule for IPv6 prefixes': rule(10, attributes((6, u32(50)), (1, ip6('fd00:1::')), (2, ip6('fd00:2::')), (15, u32(77))), dst=32, src=48, table=77),
    'rule for interfaces, ports and users': rule(2, attributes((6, u32(7)), (3, text('eth0')), (17, text('eth1')), (15, u32(254)), (20, struct.pack('=II', 1000, 1999)), (22, u8(17)), (23, struct.pack('=HH', 53, 53)), (24, struct.pack('=HH', 1024, 65535)))),
    'rule that goes to another': rule(2, attributes((6, u32(8)), (4, u32(32766)), (2, ip4('10.0.0.0'))), src=8, action=2, table=0, flags=2),
    'rule that prohibits': rule(2, attributes((6, u32(9)), (1, ip4('10.9.0.0'))), dst=16, action=8, tos=16, table=0),
    'rule of a VRF': rule(2, attributes((6, u32(1000)), (19, u8(1)), (21, u8(2))), table=0),
    'rule without default routes': rule(2, attributes((6, u32(1001)), (14, u32(0)), (15, u32(254)))),
    'rule of birth': rule(2, attributes((6, u32(32766)), (14, u32(0xFFFFFFFF)), (15, u32(254)), (21, u8(2)))),
    'IPv4': addr(2, 24, 2, attribute(1, bytes([10, 0, 0, 1])) + attribute(2, bytes([10, 0, 0, 1])) + attribute(3, text('eth0'))),
    'IPv4 with a peer': addr(2, 32, 18, attribute(1, bytes([10, 9, 0, 2])) + attribute(2, bytes([10, 9, 0, 1]))),
    'IPv6': addr(10, 64, 2, attribute(1, bytes.fromhex('fd000000000000000000000000000001')) + attribute(8, u32(0x80))),
    'IPv6 with a peer': addr(10, 128, 2, attribute(2, bytes.fromhex('fd000000000000000000000000000001')) + attribute(1, bytes.fromhex('fd000000000000000000000000000002'))),
    'IPv4 deleted': addr(2, 8, 1, attribute(1, bytes([127, 0, 0, 1])) + attribute(2, bytes([127, 0, 0, 1])), DELADDR),
    'default route': route(2, 0, attribute(15, u32(254)) + attribute(5, ip4('10.0.0.254')) + attribute(4, u32(2)) + attribute(6, u32(100))),
    'default route without a gateway': route(2, 0, attribute(4, u32(29)), protocol=4),
    'IPv6 default route': route(10, 0, attribute(5, bytes.fromhex('fe80000000000000000000000000000a')) + attribute(4, u32(2)) + attribute(6, u32(1024))),
    'route in a table beyond 255': route(2, 24, attribute(15, u32(1000)) + attribute(1, ip4('10.1.0.0')) + attribute(4, u32(3)) + attribute(7, ip4('10.1.0.9')), table=252),
    'route over two interfaces': route(2, 16, attribute(1, ip4('10.2.0.0')) + attribute(9, hop(2, attribute(5, ip4('10.0.0.253'))) + hop(3))),
    'neighbour': neighbour(2, 2, 0x02, 0, attribute(1, ip4('10.0.0.7')) + attribute(2, mac('02:00:00:00:00:07'))),
    'IPv6 neighbour that is a router and failed': neighbour(10, 2, 0x20, 0x80, attribute(1, bytes.fromhex('fe80000000000000000000000000000a'))),
    'forwarding entry of a vlan': neighbour(7, 5, 0x80, 0x04, attribute(2, mac('02:00:00:00:00:08')) + attribute(5, u16(42)) + attribute(9, u32(3))),
    'forwarding entry of a vxlan': neighbour(7, 28, 0x80, 0x12, attribute(2, mac('00:00:00:00:00:00')) + attribute(1, ip4('192.0.2.9')) + attribute(7, u32(100))),
}


def nested(outer, name):
    return outer.get_attr(name) if outer is not None and hasattr(outer, 'get_attr') else None


def plain(value):
    """Attributes by name; numbers, texts and lists as they are."""
    if hasattr(value, 'get') and value.get('attrs') is not None:
        return dict((name, plain(each)) for name, each in value['attrs'])
    if isinstance(value, dict):
        return dict((name, each) for name, each in value.items() if name not in ('attrs', 'header', 'value'))
    return value if isinstance(value, (int, str, bool, list)) or value is None else str(value)


def several(container, *names):
    return [dict(each) for name, each in (container['attrs'] if container else []) if name in names]


def link_meaning(data):
    decoded = ifinfmsg(data)
    decoded.decode()
    about = decoded.get_attr('IFLA_LINKINFO')
    details = nested(about, 'IFLA_INFO_DATA')
    slave = nested(about, 'IFLA_INFO_SLAVE_DATA')
    stats = decoded.get_attr('IFLA_STATS64')
    names = decoded.get_attr('IFLA_PROP_LIST')
    functions = decoded.get_attr('IFLA_VFINFO_LIST')
    of_bridge = decoded['family'] == 7
    return {
        'event': decoded['header']['type'],
        'family': decoded['family'],
        'index': decoded['index'],
        'hardwareType': decoded['ifi_type'],
        'flags': decoded['flags'],
        'name': decoded.get_attr('IFLA_IFNAME'),
        'altNames': [name for _, name in names['attrs']] if names else None,
        'alias': decoded.get_attr('IFLA_IFALIAS'),
        'mtu': decoded.get_attr('IFLA_MTU'),
        'address': decoded.get_attr('IFLA_ADDRESS'),
        'state': decoded.get_attr('IFLA_OPERSTATE'),
        'master': decoded.get_attr('IFLA_MASTER'),
        'link': decoded.get_attr('IFLA_LINK'),
        'linkNetnsId': decoded.get_attr('IFLA_LINK_NETNSID'),
        'kind': nested(about, 'IFLA_INFO_KIND'),
        'slaveKind': nested(about, 'IFLA_INFO_SLAVE_KIND'),
        'data': plain(details) if isinstance(details, dict) else None,
        'bondSlave': dict((key, value) for key, value in slave['attrs'] if key.startswith('IFLA_BOND_SLAVE')) if slave and 'IFLA_BOND' in str(slave) else None,
        'functionCount': decoded.get_attr('IFLA_NUM_VF'),
        'functions': [plain(each) for _, each in functions['attrs']] if functions else None,
        'port': plain(decoded.get_attr('IFLA_PROTINFO')) if of_bridge else None,
        'vlans': several(decoded.get_attr('IFLA_AF_SPEC'), 'IFLA_BRIDGE_VLAN_INFO') if of_bridge else None,
        'rxBytes': stats and stats['rx_bytes'],
        'txBytes': stats and stats['tx_bytes'],
        'txCompressed': stats and stats['tx_compressed'],
    }


def rule_meaning(data):
    decoded = fibmsg(data)
    decoded.decode()
    return {
        'event': decoded['header']['type'],
        'family': decoded['family'],
        'rule': dict((name, decoded[name]) for name in ('dst_len', 'src_len', 'tos', 'table', 'action', 'flags')),
        'data': plain(decoded),
    }


def address_meaning(data):
    decoded = ifaddrmsg(data)
    decoded.decode()
    return {
        'event': decoded['header']['type'],
        'index': decoded['index'],
        'family': decoded['family'],
        'prefix': decoded['prefixlen'],
        'address': decoded.get_attr('IFA_ADDRESS'),
        'local': decoded.get_attr('IFA_LOCAL'),
    }


def route_meaning(data):
    decoded = rtmsg(data)
    decoded.decode()
    several = decoded.get_attr('RTA_MULTIPATH')
    one = [{'index': decoded.get_attr('RTA_OIF'), 'gateway': decoded.get_attr('RTA_GATEWAY')}]
    return {
        'event': decoded['header']['type'],
        'family': decoded['family'],
        'prefix': decoded['dst_len'],
        'table': decoded.get_attr('RTA_TABLE') or decoded['table'],
        'protocol': decoded['proto'],
        'destination': decoded.get_attr('RTA_DST'),
        'priority': decoded.get_attr('RTA_PRIORITY'),
        'source': decoded.get_attr('RTA_PREFSRC'),
        'hops': [{'index': each['oif'], 'gateway': each.get_attr('RTA_GATEWAY')} for each in several] if several else one,
    }


def neighbour_meaning(data):
    decoded = ndmsg(data)
    decoded.decode()
    return {
        'event': decoded['header']['type'],
        'family': decoded['family'],
        'index': decoded['ifindex'],
        'state': decoded['state'],
        'flags': decoded['flags'],
        'address': decoded.get_attr('NDA_DST'),
        'mac': decoded.get_attr('NDA_LLADDR'),
        'vlan': decoded.get_attr('NDA_VLAN'),
        'vni': decoded.get_attr('NDA_VNI'),
    }


MEANINGS = {
    NEWLINK: link_meaning,
    DELLINK: link_meaning,
    NEWADDR: address_meaning,
    DELADDR: address_meaning,
    NEWROUTE: route_meaning,
    NEWNEIGH: neighbour_meaning,
    NEWRULE: rule_meaning,
}
result = []
for case, data in MESSAGES.items():
    meaning = MEANINGS[data[4]](data)
    meaning = {key: value for key, value in meaning.items() if value is not None}
    result.append({'case': case, 'hex': data.hex(), 'pyroute2': meaning})
json.dump(result, sys.stdout, indent=1)
print()
