/**
 * Every setting, once: its key in `edgedive.yml`, what it may be, what it is when nobody says, the environment variable that says
 * it, the keys of the reference's `skydive.yml` that mean the same, and who reads it. `docs/configuration.md` is made of this.
 */

export type SettingType = 'text' | 'number' | 'count' | 'switch' | 'duration' | 'bytes' | 'list' | 'map';

export interface Setting {
  readonly key: string;
  readonly type: SettingType;
  /** As text; "" for none. */
  readonly default: string;
  /** Settings of the analyzer itself are variables of the Worker of this name. */
  readonly variable: string;
  /** Keys of skydive.yml; the first that is there counts. */
  readonly skydive?: readonly string[];
  /** Never shown. */
  readonly isSecret?: true;
  readonly readBy: 'start' | 'analyzer' | 'probe';
  readonly text: string;
}

export const SETTINGS: readonly Setting[] = [
  {
    key: 'listen',
    type: 'text',
    default: '127.0.0.1:8082',
    variable: 'EDGEDIVE_LISTEN',
    skydive: ['analyzer.listen'],
    readBy: 'start',
    text: 'where the analyzer answers; port 0 takes a free one',
  },
  {
    key: 'state',
    type: 'text',
    default: '.edgedive/state',
    variable: 'EDGEDIVE_STATE',
    readBy: 'start',
    text: 'where it keeps its data',
  },
  {
    key: 'host_id',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_HOST_ID',
    skydive: ['host_id'],
    readBy: 'start',
    text: 'name of this host in the fabric; its hostname when empty',
  },
  {
    key: 'probe.enabled',
    type: 'switch',
    default: 'on',
    variable: 'EDGEDIVE_PROBE',
    readBy: 'start',
    text: 'whether `npm start` runs a probe of this host',
  },
  {
    key: 'probe.analyzer',
    type: 'text',
    default: '127.0.0.1:8082',
    variable: 'EDGEDIVE_ANALYZER',
    skydive: ['analyzers'],
    readBy: 'probe',
    text: 'the analyzer of a probe that runs alone',
  },
  {
    key: 'probe.token',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_TOKEN',
    isSecret: true,
    readBy: 'probe',
    text: 'its credential',
  },
  {
    key: 'probe.sources',
    type: 'list',
    default: '',
    variable: 'EDGEDIVE_SOURCES',
    readBy: 'probe',
    text: 'what is followed beside the kernel: docker, runc, libvirt, ovsdb, lldp, socketinfo, k8s; +lldp, -docker change the usual ones',
  },
  {
    key: 'agents.udp_relay',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_UDP_RELAY',
    readBy: 'start',
    text: 'where flows of Skydive agents are taken as UDP datagrams, HOST:PORT; nowhere when empty',
  },
  {
    key: 'fabric.name',
    type: 'text',
    default: 'main',
    variable: 'EDGEDIVE_FABRIC',
    readBy: 'analyzer',
    text: 'first part of the name of every object; two fabrics share nothing',
  },
  {
    key: 'fabric.flow_shards',
    type: 'number',
    default: '1',
    variable: 'EDGEDIVE_FLOW_SHARDS',
    readBy: 'analyzer',
    text: 'objects over which hosts are spread',
  },
  {
    key: 'fabric.flow_hubs',
    type: 'number',
    default: '1',
    variable: 'EDGEDIVE_FLOW_HUBS',
    readBy: 'analyzer',
    text: 'objects over which flow subscribers are spread',
  },
  {
    key: 'http.allowed_hosts',
    type: 'list',
    default: '',
    variable: 'EDGEDIVE_ALLOWED_HOSTS',
    readBy: 'analyzer',
    text: 'names under which it answers; when empty those of the address it listens on',
  },
  {
    key: 'http.allowed_origins',
    type: 'list',
    default: '*',
    variable: 'EDGEDIVE_ALLOWED_ORIGINS',
    readBy: 'analyzer',
    text: 'origins whose pages may call',
  },
  {
    key: 'history.keep',
    type: 'duration',
    default: '168h',
    variable: 'EDGEDIVE_HISTORY',
    readBy: 'analyzer',
    text: 'how long what was is kept; 0 keeps nothing',
  },
  {
    key: 'history.bytes',
    type: 'bytes',
    default: '2GiB',
    variable: 'EDGEDIVE_HISTORY_BYTES',
    readBy: 'analyzer',
    text: 'what one object may store of it',
  },
  {
    key: 'tls.server_cert',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_TLS_CERT',
    readBy: 'start',
    text: 'certificate file; with its key the analyzer speaks TLS. Read again when it changes',
  },
  {
    key: 'tls.server_key',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_TLS_KEY',
    readBy: 'start',
    text: 'its key',
  },
  {
    key: 'tls.ca_cert',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_TLS_CA',
    readBy: 'start',
    text: 'authorities of client certificates: one that is shown must be good',
  },
  {
    key: 'tls.require_client_cert',
    type: 'switch',
    default: 'off',
    variable: 'EDGEDIVE_TLS_REQUIRE_CLIENT',
    readBy: 'start',
    text: 'whether clients must show one',
  },
  {
    key: 'auth.mode',
    type: 'switch',
    default: '',
    variable: 'EDGEDIVE_AUTH',
    readBy: 'start',
    text: 'whether it matters who asks; when empty it does unless only this machine can reach the address',
  },
  {
    key: 'auth.users',
    type: 'map',
    default: '',
    variable: 'EDGEDIVE_USERS',
    skydive: ['auth.basic.users'],
    isSecret: true,
    readBy: 'analyzer',
    text: 'name → password, or name → {password, roles}',
  },
  {
    key: 'auth.users_role',
    type: 'text',
    default: 'admin',
    variable: 'EDGEDIVE_USERS_ROLE',
    skydive: ['auth.basic.role'],
    readBy: 'analyzer',
    text: 'role of users without one',
  },
  {
    key: 'auth.policy',
    type: 'list',
    default: '',
    variable: 'EDGEDIVE_POLICY',
    skydive: ['rbac.policy'],
    readBy: 'analyzer',
    text: 'what roles may do besides: lines `p, subject, object, action, allow|deny` and `g, user, role`',
  },
  {
    key: 'auth.rate',
    type: 'count',
    default: '200',
    variable: 'EDGEDIVE_RATE',
    readBy: 'analyzer',
    text: 'requests a second of one principal, five times as many at once; 0 for no bound',
  },
  {
    key: 'auth.admin_token',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_ADMIN_TOKEN',
    isSecret: true,
    readBy: 'analyzer',
    text: 'token of the first administrator; made at the first start when empty',
  },
  {
    key: 'auth.jwt.keys',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_JWT_KEYS',
    readBy: 'analyzer',
    text: 'where an identity provider publishes its keys',
  },
  {
    key: 'auth.jwt.issuer',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_JWT_ISSUER',
    readBy: 'analyzer',
    text: 'who its tokens are from',
  },
  {
    key: 'auth.jwt.audience',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_JWT_AUDIENCE',
    readBy: 'analyzer',
    text: 'for whom they must be',
  },
  {
    key: 'auth.jwt.roles_claim',
    type: 'text',
    default: 'roles',
    variable: 'EDGEDIVE_JWT_ROLES_CLAIM',
    readBy: 'analyzer',
    text: 'where they have roles',
  },
  {
    key: 'auth.jwt.role',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_JWT_ROLE',
    readBy: 'analyzer',
    text: 'role of those without one',
  },
  {
    key: 'alerts.private',
    type: 'switch',
    default: 'off',
    variable: 'EDGEDIVE_WEBHOOK_PRIVATE',
    readBy: 'analyzer',
    text: 'whether alerts may tell private addresses',
  },
  {
    key: 'alerts.hosts',
    type: 'list',
    default: '',
    variable: 'EDGEDIVE_WEBHOOK_HOSTS',
    readBy: 'analyzer',
    text: 'the only hosts that they may tell; any when empty',
  },
  {
    key: 'alerts.secret',
    type: 'text',
    default: '',
    variable: 'EDGEDIVE_WEBHOOK_SECRET',
    isSecret: true,
    readBy: 'analyzer',
    text: 'what they say is signed with it',
  },
  {
    key: 'workflow.time',
    type: 'duration',
    default: '10s',
    variable: 'EDGEDIVE_WORKFLOW_TIME',
    readBy: 'analyzer',
    text: 'how long a script may run',
  },
  {
    key: 'workflow.memory',
    type: 'bytes',
    default: '32MiB',
    variable: 'EDGEDIVE_WORKFLOW_MEMORY',
    readBy: 'analyzer',
    text: 'what it may keep in memory',
  },
  {
    key: 'workflow.queries',
    type: 'number',
    default: '100',
    variable: 'EDGEDIVE_WORKFLOW_QUERIES',
    readBy: 'analyzer',
    text: 'how often it may ask the API',
  },
];

/**
 * Keys of skydive.yml that exist there and have no meaning here: accepted, and named in one warning. A name stands for all
 * below it.
 */
export const SKYDIVE_KEYS: readonly string[] = (
  'agent.auth agent.capture agent.flow agent.listen agent.metadata agent.metadata_config agent.topology analyzer.auth ' +
  'analyzer.flow analyzer.replication analyzer.ssh_enabled analyzer.startup analyzer.topology auth cache dpdk etcd flow http.cookie http.rest ' +
  'http.ws logging netns opencontrail ovs rbac storage tls ui'
).split(' ');
