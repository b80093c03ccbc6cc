/**
 * From the rows of an Open vSwitch to what the graph shows (topology notes, section 13): bridge — port — interface,
 * patch peers, mirrors. An interface that the kernel has too is the kernel's node with keys of ours over it; others
 * (tunnels, patch ports) are nodes of their own.
 */
import type { GraphNode, Json, Metadata } from '../../../core/graph/element.ts';
import { uuidV5 } from '../../../core/ids.ts';
import { interfacesNamed } from './host-interfaces.ts';
import { normalised, textOf } from './json-read.ts';
import type { OvsdbTables, Row } from './ovsdb-tables.ts';
import type { OwnEdge, OwnNode, Picture, SourceHost } from './source.ts';

/** Types of interfaces that the kernel does not know under their name. */
const VIRTUAL = new Set(
  'patch geneve gre ip6gre vxlan lisp stt erspan ip6erspan gtpu bareudp srv6'.split(' '),
);
/** The kernel's device of the whole datapath, in the kernel and in user space. */
export const DATAPATHS = ['ovs-system', 'ovs-netdev'];

export class OvsdbPicture {
  /** Interfaces whose device the kernel has not shown yet. Shown all the same once `isLate` says so. */
  readonly missing = new Set<string>();
  readonly #tables: OvsdbTables;
  readonly #host: SourceHost;
  readonly #isLate: (uuid: string) => boolean;
  readonly #ids: Map<string, string>;
  readonly #nodes: OwnNode[] = [];
  readonly #edges: OwnEdge[] = [];
  readonly #keys = new Map<string, Metadata>();
  readonly #interfaceNodes = new Map<string, string>();
  readonly #versions: Metadata;

  /** `ids`: by what they are made of, kept from one picture to the next because making them is dear. */
  constructor(
    tables: OvsdbTables,
    host: SourceHost,
    isLate: (uuid: string) => boolean,
    ids: Map<string, string>,
  ) {
    this.#ids = ids;
    this.#tables = tables;
    this.#host = host;
    this.#isLate = isLate;
    const [root] = tables.rows('Open_vSwitch');
    this.#versions = {
      ...said('Version', root?.text('ovs_version')),
      ...said('DBVersion', root?.text('db_version')),
    };
  }

  make(): Picture {
    for (const bridge of this.#tables.rows('Bridge')) this.#bridge(bridge);
    this.#patches();
    for (const name of DATAPATHS)
      for (const node of interfacesNamed(this.#host, name))
        if (Object.keys(this.#versions).length > 0) this.#keys.set(node.id, { Ovs: this.#versions });
    return { nodes: this.#nodes, edges: this.#edges, keys: this.#keys };
  }

  #bridge(row: Row): void {
    const { nodeId } = this.#host;
    const protocols = row.atoms('protocols').filter((atom) => typeof atom === 'string');
    const id = this.#own(row, nodeId, 'ovsbridge', {
      Ovs: {
        ...this.#versions,
        ...map('OtherConfig', row.map('other_config')),
        ...(protocols.length > 0 ? { Protocols: protocols } : {}),
      },
      ...map('ExtID', row.map('external_ids')),
    });
    for (const uuid of row.uuids('ports')) {
      const port = this.#tables.row('Port', uuid);
      if (port !== undefined) this.#port(port, id);
    }
    this.#mirrors(row);
  }

  #port(row: Row, bridgeId: string): void {
    const tag = row.integer('tag');
    const trunks = row.atoms('trunks').filter((atom) => typeof atom === 'number');
    const id = this.#own(row, bridgeId, 'ovsport', {
      ...said('BondMode', row.text('bond_mode')),
      ...said('LACP', row.text('lacp')),
      ...said('Vlans', tag ?? (trunks.length > 0 ? trunks : undefined)),
      ...map('ExtID', row.map('external_ids')),
    });
    this.#edges.push(layer2(bridgeId, id));
    for (const uuid of row.uuids('interfaces')) {
      const made = this.#tables.row('Interface', uuid);
      const nodeId = made && this.#interface(made, bridgeId);
      if (nodeId !== undefined) this.#edges.push(layer2(id, nodeId));
    }
  }

  /** A bridge or port: ours alone. */
  #own(row: Row, ownerId: string, type: string, metadata: Metadata): string {
    const id = this.#idOf(row.uuid);
    this.#nodes.push({
      id,
      owner: { kind: 'node', id: ownerId },
      metadata: {
        Name: row.text('name') || row.uuid,
        Type: type,
        UUID: row.uuid,
        TID: this.#uuid(`${this.#host.tid}${row.uuid}${type}`),
        ...metadata,
      },
    });
    return id;
  }

  /** Node id; undefined = the kernel's device is awaited. */
  #interface(row: Row, bridgeId: string): string | undefined {
    const device = this.#deviceOf(row);
    const type = row.text('type') === 'system' ? '' : row.text('type');
    const error = row.text('error');
    const metadata: Metadata = {
      UUID: row.uuid,
      ...said('OfPort', row.integer('ofport')),
      ...map('Options', row.map('options')),
      ...map('ExtID', row.map('external_ids')),
      ...(error === '' ? {} : { Ovs: { Error: error } }),
      ...tunnelKeys(row),
    };
    if (device !== undefined) {
      this.#interfaceNodes.set(row.uuid, device.id);
      // What stands there may be our own word of the last time.
      const isOvs = ['', 'openvswitch'].includes(textOf(device.metadata['Driver']));
      const driver = isOvs ? { Driver: 'openvswitch' } : {};
      this.#keys.set(device.id, { ...metadata, ...driver, ...(type === '' ? {} : { Type: type }) });
      return device.id;
    }
    if (!VIRTUAL.has(type)) {
      this.missing.add(row.uuid);
      if (!this.#isLate(row.uuid)) return undefined;
    }
    const id = this.#idOf(row.uuid);
    this.#interfaceNodes.set(row.uuid, id);
    const ifIndex = row.integer('ifindex') ?? 0;
    this.#nodes.push({
      id,
      owner: { kind: 'node', id: bridgeId },
      metadata: {
        Name: row.text('name') || row.uuid,
        Type: type || 'device',
        Driver: 'openvswitch',
        ...said('MAC', row.text('mac_in_use')),
        ...said('State', row.text('link_state').toUpperCase()),
        ...said('MTU', row.integer('mtu')),
        ...said('IfIndex', ifIndex > 0 ? ifIndex : undefined),
        ...metadata,
      },
    });
    return id;
  }

  /** The kernel's node: by name and index; an internal port that was moved elsewhere, by name and address. */
  #deviceOf(row: Row): GraphNode | undefined {
    if (VIRTUAL.has(row.text('type'))) return undefined;
    const named = interfacesNamed(this.#host, row.text('name'));
    const index = row.integer('ifindex') ?? 0;
    const mac = row.text('mac_in_use');
    const sameMac = named.filter((node) => node.metadata['MAC'] === mac);
    const sameIndex = named.filter((node) => node.metadata['IfIndex'] === index);
    const both = sameIndex.filter((node) => sameMac.includes(node));
    const found = [both, sameIndex, sameMac, index === 0 && mac === '' ? named : []].find(
      (nodes) => nodes.length > 0,
    );
    return found?.[0];
  }

  /** Each pair once, however it is named. */
  #patches(): void {
    const byName = new Map<string, Row>();
    for (const row of this.#tables.rows('Interface'))
      if (row.text('type') === 'patch') byName.set(row.text('name'), row);
    for (const [name, row] of byName) {
      const peer = byName.get(row.map('options')['peer'] ?? '');
      if (peer === undefined || peer.map('options')['peer'] !== name || peer.text('name') <= name) continue;
      const [parent, child] = [this.#interfaceNodes.get(row.uuid), this.#interfaceNodes.get(peer.uuid)];
      if (parent !== undefined && child !== undefined)
        this.#edges.push({ parent, child, metadata: { RelationType: 'layer2', Type: 'patch' } });
    }
  }

  #mirrors(bridge: Row): void {
    for (const uuid of bridge.uuids('mirrors')) {
      const mirror = this.#tables.row('Mirror', uuid);
      const [output] = mirror?.uuids('output_port') ?? [];
      if (mirror === undefined || output === undefined) continue;
      const selected = mirror.isTrue('select_all')
        ? bridge.uuids('ports')
        : [...mirror.uuids('select_src_port'), ...mirror.uuids('select_dst_port')];
      for (const port of new Set(selected))
        if (port !== output)
          this.#edges.push({
            parent: this.#idOf(port),
            child: this.#idOf(output),
            metadata: { RelationType: 'mirroring' },
          });
    }
  }

  #idOf(uuid: string): string {
    return this.#uuid([this.#host.hostId, 'ovs', uuid].join('/'));
  }

  #uuid(name: string): string {
    let id = this.#ids.get(name);
    if (id === undefined) this.#ids.set(name, (id = uuidV5(name)));
    return id;
  }
}

function tunnelKeys(row: Row): Metadata {
  const options = row.map('options');
  const status = row.map('status');
  return {
    ...said('LocalIP', options['local_ip']),
    ...said('RemoteIP', options['remote_ip']),
    ...said('TunEgressIface', status['tunnel_egress_iface']),
    ...said('TunEgressIfaceCarrier', status['tunnel_egress_iface_carrier']),
  };
}

function layer2(parent: string, child: string): OwnEdge {
  return { parent, child, metadata: { RelationType: 'layer2' } };
}

function said(key: string, value: Json | undefined): Metadata {
  return value === undefined || value === '' ? {} : { [key]: value };
}

function map(key: string, texts: Readonly<Record<string, string>>): Metadata {
  return Object.keys(texts).length > 0 ? { [key]: normalised(texts) } : {};
}
