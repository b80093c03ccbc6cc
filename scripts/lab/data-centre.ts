/**
 * The small data centre that `npm run lab`, tests and benches use: two hosts behind a router, a container on each,
 * both on bridges that a VXLAN makes one. Kinds of links that the kernel does not make are left out and named.
 *
 *        rack1                                                     rack2
 *   web (10.50.0.1)                                           db (10.50.0.2)
 *    eth0                                                          eth0
 *     | veth                                                        | veth
 *   web-eth0 - br0 - vx100 ~ ~ ~ ~ ~ ~ VXLAN 100 ~ ~ ~ ~ ~ ~ vx100 - br0 - db-eth0
 *                      |                                      |
 *                    eth0 ------------- router ------------- eth0
 *             172.30.1.1/24     .1.254       .2.254     172.30.2.1/24
 */
import { LabHost } from './lab-host.ts';

export interface DataCentre {
  readonly rack1: LabHost;
  readonly rack2: LabHost;
  readonly router: LabHost;
  /** What this kernel does not make, each with its word for it. */
  readonly skipped: readonly string[];
  remove(): Promise<void>;
}

/** Names, as the graph shows them. */
export const containers = {
  web: { name: 'web', host: 'rack1', address: '10.50.0.1', mac: '02:ed:00:00:01:01' },
  db: { name: 'db', host: 'rack2', address: '10.50.0.2', mac: '02:ed:00:00:02:01' },
} as const;

const UNDERLAY = ['172.30.1', '172.30.2'] as const;
/** 50 bytes of VXLAN, UDP, IPv4 and Ethernet fit behind it. */
const OVERLAY_MTU = 1450;

/** Rejects where namespaces cannot be made; nothing is left then. `vxlan: false` does as if the kernel made none. */
export async function buildDataCentre({ vxlan = true }: { vxlan?: boolean } = {}): Promise<DataCentre> {
  const hosts: LabHost[] = [];
  const remove = async () => {
    await Promise.all(hosts.map((host) => host.remove()));
  };
  try {
    for (const name of ['rack1', 'rack2', 'router']) hosts.push(await LabHost.create(name));
    const [rack1, rack2, router] = hosts as [LabHost, LabHost, LabHost];
    router.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    const skipped = [rack1, rack2].flatMap((host, i) => join(host, router, UNDERLAY[i]!));
    addContainer(rack1, containers.web);
    addContainer(rack2, containers.db);
    skipped.push(...joinBridges(rack1, rack2, vxlan));
    return { rack1, rack2, router, skipped: [...new Set(skipped)], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A cable from the host to the router, with a VLAN on it where there are any; gives what had to be left out. */
function join(host: LabHost, router: LabHost, network: string): string[] {
  const port = `to-${host.name}`;
  router.ip(`link add ${port} type veth peer name eth0 netns ${host.pid}`);
  router.ip(`addr add ${network}.254/24 dev ${port}`, `link set ${port} up`);
  host.ip(`addr add ${network}.1/24 dev eth0`, 'link set eth0 up', `route add default via ${network}.254`);
  try {
    const vlan = network.replace('172.30', '172.31');
    host.ip('link add link eth0 name eth0.20 type vlan id 20');
    host.ip(`addr add ${vlan}.1/24 dev eth0.20`, 'link set eth0.20 up');
    router.ip(`link add link ${port} name ${port}.20 type vlan id 20`);
    router.ip(`addr add ${vlan}.254/24 dev ${port}.20`, `link set ${port}.20 up`);
    return [];
  } catch (error) {
    return [`vlan: ${(error as Error).message.replace(/^.*: /s, '')}`];
  }
}

/** One network of both bridges: by VXLAN, else by a cable; gives what had to be left out. */
function joinBridges(rack1: LabHost, rack2: LabHost, vxlan: boolean): string[] {
  const skipped: string[] = [];
  const [near, far] = UNDERLAY;
  const add = (local: string, remote: string) =>
    `link add vx100 type ${vxlan ? 'vxlan' : 'none-of-this-kind'} id 100 local ${local}.1 remote ${remote}.1 dstport 4789`;
  try {
    rack1.ip(add(near, far));
    rack2.ip(add(far, near));
  } catch (error) {
    skipped.push(`vxlan: ${(error as Error).message.replace(/^.*: /s, '')} (a cable joins the bridges)`);
    rack1.ip(`link add vx100 type veth peer name vx100 netns ${rack2.pid}`);
  }
  for (const host of [rack1, rack2]) host.ip(`link set vx100 mtu ${OVERLAY_MTU} master br0 up`);
  return skipped;
}

/** The host's bridge, and the container on it. */
function addContainer(
  host: LabHost,
  { name, address, mac }: (typeof containers)[keyof typeof containers],
): void {
  const gateway = address.replace(/\.(\d+)$/, '.25$1');
  host.ip(
    'link add br0 type bridge',
    `link set br0 mtu ${OVERLAY_MTU} up`,
    `addr add ${gateway}/24 dev br0`,
    `netns add ${name}`,
    `link add ${name}-eth0 mtu ${OVERLAY_MTU} type veth peer name eth0 mtu ${OVERLAY_MTU} address ${mac} netns ${name}`,
    `link set ${name}-eth0 master br0 up`,
    `-n ${name} link set lo up`,
    `-n ${name} addr add ${address}/24 dev eth0`,
    `-n ${name} link set eth0 up`,
    `-n ${name} route add default via ${gateway}`,
  );
}
