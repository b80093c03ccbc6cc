/**
 * Which way of capturing serves a node: the table of capture kinds of the flow model (section 16), minus what this
 * probe does not have. The texts are the reference's where it has one.
 */
const INTERFACES = 'interfaces';

/** Node types each capture type is for; INTERFACES = whatever the kernel shows as a network interface. */
const NODE_TYPES: Readonly<Record<string, readonly string[]>> = {
  afpacket: [INTERFACES],
  pcap: [INTERFACES],
  pcapsocket: [INTERFACES, 'ovsbridge'],
  sflow: [INTERFACES, 'ovsbridge'],
  netflow: [INTERFACES],
  ebpf: [INTERFACES],
  ovssflow: ['ovsbridge'],
  ovsnetflow: ['ovsbridge'],
  ovsmirror: ['ovsport'],
  dpdk: ['dpdkport'],
};

/** What a capture without a type becomes on nodes that are no plain interfaces. */
const DEFAULT_TYPES: Readonly<Record<string, string>> = {
  ovsbridge: 'ovssflow',
  ovsport: 'ovsmirror',
  dpdkport: 'dpdk',
};

/** Types that serve plain interfaces when none is asked for, best first. */
const PREFERRED = ['afpacket', 'pcap'];

/** Whether a capture without a type may become one of this type on a plain interface. */
export function isPreferred(type: string): boolean {
  return PREFERRED.includes(type);
}

export type TypeChoice =
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'refused'; readonly type: string; readonly error: string };

/**
 * The type for a capture on a node. `wanted` is the capture's Type ("" = choose), `nodeType` the node's Type,
 * `isInterface` whether the kernel knows it as an interface, `available` the types this probe can run.
 */
export function chooseType(
  wanted: string,
  nodeType: string,
  isInterface: boolean,
  available: readonly string[],
): TypeChoice {
  const special = Object.hasOwn(DEFAULT_TYPES, nodeType);
  const preferred = PREFERRED.find((type) => available.includes(type)) ?? PREFERRED[0]!;
  const type = wanted !== '' ? wanted : ((special ? DEFAULT_TYPES[nodeType] : undefined) ?? preferred);
  const nodeTypes = Object.hasOwn(NODE_TYPES, type) ? NODE_TYPES[type]! : [];
  const allowed = nodeTypes.includes(nodeType) || (nodeTypes.includes(INTERFACES) && isInterface && !special);
  if (!allowed)
    return {
      kind: 'refused',
      type,
      error: `Capture type ${type} not allowed on this node type: ${nodeType}`,
    };
  if (available.includes(type)) return { kind: 'type', type };
  return {
    kind: 'refused',
    type,
    error: `Capture type ${type} not available on this probe: it has ${available.join(', ')}`,
  };
}
