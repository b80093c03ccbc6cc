/**
 * The names a filter may use instead of numbers. libpcap asks the host (/etc/services, /etc/protocols), so that a
 * name may mean something else, or nothing, elsewhere; here the tables are built in.
 * Sources: IANA service names and protocol numbers, as Debian 12 (netbase) lists them; EtherType names: pcap-filter(7).
 */
import { etherTypes, servicePoints } from './ethertypes.ts';

/** `name number` pairs, several names before one number. */
function table(text: string): ReadonlyMap<string, number> {
  const entries = new Map<string, number>();
  for (const line of text.split(', ')) {
    const words = line.split(' ');
    const number = Number(words.at(-1));
    for (const name of words.slice(0, -1)) entries.set(name, number);
  }
  return entries;
}

/** Services with the same port in TCP and UDP. */
const portsOfBoth = table(
  'echo 7, discard 9, null 9, sink 9, daytime 13, chargen 19, source 19, ttytst 19, time 37, timserver 37, ' +
    'tacacs 49, domain 53, kerberos 88, kerberos-sec 88, kerberos5 88, krb5 88, portmapper 111, sunrpc 111, ' +
    'snmp 161, snmp-trap 162, snmptrap 162, rpc2portmap 369, ldap 389, svrloc 427, https 443, kpasswd 464, ' +
    'syslog 514, rtsp 554, ldaps 636, ldp 646, domain-s 853, openvpn 1194, datametrics 1645, ' +
    'old-radius 1645, old-radacct 1646, sa-msg-port 1646, radius 1812, radacct 1813, radius-acct 1813, ' +
    'nfs 2049, isns 3205, nut 3493, sip 5060, sip-tls 5061',
);
const portsOfTcp = table(
  'systat 11, users 11, netstat 15, qotd 17, quote 17, ftp-data 20, ftp 21, ssh 22, telnet 23, mail 25, ' +
    'smtp 25, nicname 43, whois 43, gopher 70, finger 79, http 80, www 80, pop-3 110, pop3 110, auth 113, ' +
    'authentication 113, ident 113, tap 113, nntp 119, readnews 119, untp 119, epmap 135, loc-srv 135, ' +
    'netbios-ssn 139, imap 143, imap2 143, bgp 179, microsoft-ds 445, smtps 465, ssmtp 465, submissions 465, ' +
    'urd 465, saft 487, exec 512, login 513, cmd 514, shell 514, printer 515, spooler 515, uucp 540, ' +
    'uucpd 540, klogin 543, krcmd 544, kshell 544, nntps 563, snntp 563, submission 587, ipp 631, rsync 873, ' +
    'ftps-data 989, ftps 990, telnets 992, imaps 993, pop3s 995, socks 1080, rmiregistry 1099, ' +
    'ms-sql-s 1433, cisco-sccp 2000, cvspserver 2401, zebra 2601, ospfd 2604, bgpd 2605, gsiftp 2811, ' +
    'gpsd 2947, iscsi-target 3260, mysql 3306, ms-wbt-server 3389, distcc 3632, subversion 3690, svn 3690, ' +
    'sieve 4190, epmd 4369, lrrd 4949, munin 4949, jabber-client 5222, xmpp-client 5222, jabber-server 5269, ' +
    'xmpp-server 5269, postgres 5432, postgresql 5432, nrpe 5666, amqps 5671, amqp 5672, x11 6000, ' +
    'x11-0 6000, redis 6379, syslog-tls 6514, ircd 6667, ircs-u 6697, http-alt 8080, webcache 8080, ' +
    'tproxy 8081, puppet 8140, git 9418, webmin 10000, zabbix-agent 10050, zabbix-trapper 10051, nbd 10809',
);
const portsOfUdp = table(
  'bootps 67, bootpc 68, tftp 69, ntp 123, netbios-ns 137, netbios-dgm 138, xdmcp 177, ptp-event 319, ' +
    'ptp-general 320, isakmp 500, biff 512, comsat 512, who 513, whod 513, talk 517, ntalk 518, route 520, ' +
    'routed 520, router 520, dhcpv6-client 546, dhcpv6-server 547, ms-sql-m 1434, l2f 1701, l2tp 1701, ' +
    'icp 3130, icpv2 3130, ipsec-nat-t 4500, iax 4569, mdns 5353, babel 6696',
);

/** Protocols over IP, for `ip proto <name>`. */
export const ipProtocolNumbers = table(
  'ip IP 0, hopopt HOPOPT 0, icmp ICMP 1, igmp IGMP 2, ggp GGP 3, ipencap IP-ENCAP 4, st ST 5, tcp TCP 6, ' +
    'egp EGP 8, igp IGP 9, pup PUP 12, udp UDP 17, hmp HMP 20, xns-idp XNS-IDP 22, rdp RDP 27, ' +
    'iso-tp4 ISO-TP4 29, dccp DCCP 33, xtp XTP 36, ddp DDP 37, idpr-cmtp IDPR-CMTP 38, ipv6 IPv6 41, ' +
    'ipv6-route IPv6-Route 43, ipv6-frag IPv6-Frag 44, idrp IDRP 45, rsvp RSVP 46, gre GRE 47, ' +
    'esp IPSEC-ESP 50, ah IPSEC-AH 51, skip SKIP 57, ipv6-icmp IPv6-ICMP 58, ipv6-nonxt IPv6-NoNxt 59, ' +
    'ipv6-opts IPv6-Opts 60, rspf RSPF CPHB 73, vmtp VMTP 81, eigrp EIGRP 88, ospf OSPFIGP 89, ' +
    'ax.25 AX.25 93, ipip IPIP 94, etherip ETHERIP 97, encap ENCAP 98, pim PIM 103, ipcomp IPCOMP 108, ' +
    'vrrp VRRP 112, l2tp L2TP 115, isis ISIS 124, sctp SCTP 132, fc FC 133, ' +
    'mobility-header Mobility-Header 135, udplite UDPLite 136, mpls-in-ip MPLS-in-IP 137, manet 138, ' +
    'hip HIP 139, shim6 Shim6 140, wesp WESP 141, rohc ROHC 142, ethernet Ethernet 143, mptcp MPTCP 262',
);

/** For `ether proto <name>`: EtherTypes and, up to 1500, 802.2 service access points. */
export const etherProtocols: ReadonlyMap<string, number> = new Map<string, number>([
  ...(
    [
      'aarp',
      'arp',
      'atalk',
      'decnet',
      'ip',
      'ip6',
      'lat',
      'loopback',
      'mopdl',
      'moprc',
      'rarp',
      'sca',
    ] as const
  ).map((name) => [name, etherTypes[name]] as const),
  ...(['iso', 'stp', 'ipx', 'netbeui'] as const).map((name) => [name, servicePoints[name]] as const),
]);

/** One port or a range; `protocol` is the only one the name is known for (6 or 17), undefined when either will do. */
export interface NamedPorts {
  readonly first: number;
  readonly last: number;
  readonly protocol: number | undefined;
}

/** A service name, or digits (`\\80` is a name to the lexer). */
export function portOfName(name: string): NamedPorts | undefined {
  const found = (port: number | undefined, protocol: number | undefined): NamedPorts | undefined =>
    port === undefined ? undefined : { first: port, last: port, protocol };
  if (/^[0-9]{1,9}$/.test(name)) return found(Number(name), undefined);
  return (
    found(portsOfBoth.get(name), undefined) ??
    found(portsOfTcp.get(name), 6) ??
    found(portsOfUdp.get(name), 17)
  );
}

/** `80-90`, `ftp-http`: numbers, or two names around the first dash. What follows the second number is ignored. */
export function portRangeOfName(name: string): NamedPorts | undefined {
  const numbers = /^([0-9]{1,9})-(-?[0-9]{1,9})/.exec(name);
  if (numbers !== null) {
    return { first: Number(numbers[1]), last: Number(numbers[2]), protocol: undefined };
  }
  const dash = name.indexOf('-');
  if (dash < 0) return undefined;
  const [first, last] = [portOfName(name.slice(0, dash)), portOfName(name.slice(dash + 1))];
  if (first === undefined || last === undefined) return undefined;
  const protocol = first.protocol === last.protocol ? first.protocol : undefined;
  return { first: first.first, last: last.first, protocol };
}
