/**
 * Every key of the reference's `skydive.yml`, whole: those of its defaults, of its commented example file, those that its
 * code reads besides, and the old names that it still follows. Keys with a meaning here stand in settings.ts; these are
 * accepted and named in one warning. A key that is in neither list is an error: with whole sections accepted, a misspelt
 * `tls.server_cert` would be taken for one of Skydive's and leave a door open.
 *
 *   *    any one name: the operator's own, such as that of a backend
 *   **   whatever is below: names and values are the operator's own
 */
const SECTIONS: Readonly<Record<string, string>> = {
  agent:
    'auth.api.backend auth.cluster.username auth.cluster.password auth.type capture.stats_update listen metadata.** metadata_config.files',
  'agent.flow':
    'probes stats_update ebpf.polling_rate netflow.bind_address netflow.port_min netflow.port_max pcapsocket.bind_address ' +
    'pcapsocket.min_port pcapsocket.max_port pcapsocket.port_min pcapsocket.port_max sflow.bind_address sflow.port_min sflow.port_max',
  'agent.topology':
    'probes bess.host bess.port blockdev.lsblk_path blockdev.iostat_path blockdev.iostat_update docker.url docker.netns.run_path ' +
    'libvirt.url lldp.interfaces netlink.metrics_update netns.run_path neutron.auth_url neutron.username neutron.password ' +
    'neutron.tenant_name neutron.region_name neutron.domain_name neutron.ssl_insecure neutron.endpoint_type runc.run_path ' +
    'socketinfo.host_update vpp.connect',
  analyzer:
    'auth.api.backend auth.cluster.backend auth.cluster.username auth.cluster.password cluster peers.** replication.debug ssh_enabled ' +
    'startup.capture_gremlin startup.capture_bpf startup.capture_type flow.backend flow.max_buffer_size storage.backend ' +
    'storage.max_flow_buffer_size storage.bulk_insert storage.bulk_insert_deadline',
  'analyzer.topology':
    'backend fabric probes k8s.config_file k8s.probes k8s.cluster_name istio.config_file istio.probes ovn.address ovn.cert ovn.key ovn.cacert',
  auth: 'type analyzer_username analyzer_password *.type *.file *.users *.role *.auth_url *.tenant_name *.domain_name',
  cache: 'expire cleanup',
  docker: 'url netns.run_path',
  dpdk: 'ports workers debug',
  etcd: 'embedded listen max_wal_files max_snap_files data_dir servers name peers.** client_timeout debug',
  flow: 'expire update protocol max_entries default_layer_key_mode application_ports.tcp.** application_ports.udp.** application_timeout.**',
  graph: 'backend',
  http: 'cookie.** rest.debug ws.ping_delay ws.pong_timeout ws.bulk_maxmsgs ws.bulk_maxdelay ws.queue_size ws.enable_write_compression',
  k8s: 'config_file probes',
  logging:
    'id level backends encoder color file.path file.level file.encoder syslog.address syslog.protocol syslog.tag syslog.level ' +
    'syslog.encoder stderr.level stderr.encoder stdout.level stdout.encoder',
  netns: 'run_path',
  opencontrail: 'host port mpls_udp_port',
  openstack: 'auth_url username password tenant_name region_name domain_name endpoint_type',
  ovs: 'ovsdb enable_stats oflow.enable oflow.native oflow.openflow_versions oflow.key oflow.cert oflow.ca oflow.address.**',
  plugin: 'plugins_dir topology.probes',
  rbac: 'model.request_definition model.policy_definition model.role_definition model.policy_effect model.matchers',
  sflow: 'bind_address port_min port_max',
  storage:
    '*.driver *.host *.hosts *.ssl_insecure *.auth.username *.auth.password *.bulk_maxdelay *.index_entries_limit *.index_age_limit ' +
    '*.indices_to_keep *.index_prefix *.total_fields_limit *.exclude_from_mapping *.use_flattened *.flattened_ignore_above ' +
    '*.disable_sniffing *.disable_healthcheck *.debug *.addr *.database *.username *.password',
  ui:
    'extra_assets theme topology.favorites.** topology.default_highlight topology.default_filter bandwidth_update_rate ' +
    'bandwidth_threshold bandwidth_absolute_active bandwidth_absolute_warning bandwidth_absolute_alert bandwidth_relative_active ' +
    'bandwidth_relative_warning bandwidth_relative_alert ssh_enabled k8s_enabled bpf.favorites.**',
};

/** With their `*` and `**`. */
export const SKYDIVE_KEYS: readonly string[] = Object.entries(SECTIONS).flatMap(([section, keys]) =>
  keys.split(' ').map((key) => `${section}.${key}`),
);

const PARTS: readonly (readonly string[])[] = SKYDIVE_KEYS.map((key) => key.split('.'));

/** Whether it is one of these keys. */
export function isSkydiveKey(key: string): boolean {
  const names = key.split('.');
  return PARTS.some((parts) => {
    const isOpen = parts.at(-1) === '**' && names.length >= parts.length - 1;
    return (isOpen || parts.length === names.length) && fits(parts, names);
  });
}

/** Whether some of these keys begin with it. */
export function isSkydiveSection(key: string): boolean {
  const names = key.split('.');
  return PARTS.some((parts) => names.length < parts.length && fits(parts, names));
}

/** As far as both go. */
function fits(parts: readonly string[], names: readonly string[]): boolean {
  for (const [at, name] of names.entries()) {
    const part = parts[at];
    if (part === '**') return true;
    if (part === undefined || (part !== '*' && part !== name)) return false;
  }
  return true;
}

/** These keys as they would be written by whoever wrote `key`: its names in place of `*`; without `**`. */
export function skydiveKeysNear(key: string): string[] {
  const names = key.split('.');
  return PARTS.map((parts) =>
    parts
      .filter((part) => part !== '**')
      .map((part, at) => (part === '*' ? (names[at] ?? 'name') : part))
      .join('.'),
  );
}
