/**
 * Which nodes can be captured on, by their Metadata `Type` (Gremlin notes, section 8.2).
 */
const INTERFACE_TYPES =
  'internal veth tun tuntap bridge dummy gre bond can hsr ifb macvlan macvtap vlan vxlan gretap ip6gretap geneve ' +
  'ipoib vcan ipip ipvlan lowpan ip6tnl ip6gre sit device';

/** `tuntap` is how kernels name tun and tap devices today; the reference's list lacks it by mistake. */
export const capturableTypes: ReadonlySet<string> = new Set(
  `ovsbridge ovsport dpdkport ${INTERFACE_TYPES}`.split(' '),
);
