/** The bindings and variables of wrangler.toml. */
declare namespace Cloudflare {
  interface Env {
    readonly TOPOLOGY: DurableObjectNamespace<import('./index.ts').Topology>;
    readonly REGISTRY: DurableObjectNamespace<import('./index.ts').Registry>;
    readonly FLOW_SHARD: DurableObjectNamespace<import('./index.ts').FlowShard>;
    readonly FLOW_HUB: DurableObjectNamespace<import('./index.ts').FlowHub>;
    /** What principals keep for the page; objects/preferences.ts. */
    readonly PREFERENCES: DurableObjectNamespace;
    /** The files of the page: dist/page. */
    readonly EDGEDIVE_PAGE: Fetcher;
    /** First part of the name of every object. */
    readonly EDGEDIVE_FABRIC: string;
    /** How many FlowShard and FlowHub objects the fabric has. */
    readonly EDGEDIVE_FLOW_SHARDS: string;
    readonly EDGEDIVE_FLOW_HUBS: string;
    /** The analyzer's own host id: in status, in the 101 of every socket. */
    readonly EDGEDIVE_HOST_ID: string;
    /** Where it answers, as far as it was told; for `/api/config`. */
    readonly EDGEDIVE_LISTEN: string;
    /** Comma-separated; see middleware/hosts.ts and middleware/origins.ts. */
    readonly EDGEDIVE_ALLOWED_HOSTS: string;
    readonly EDGEDIVE_ALLOWED_ORIGINS: string;
    /** Whether it matters who asks: `on`, or `off` for an analyzer that only its own machine can reach. */
    readonly EDGEDIVE_AUTH: string;
    /** Users with passwords, and the role of those that have none: core/auth/users.ts. */
    readonly EDGEDIVE_USERS: string;
    readonly EDGEDIVE_USERS_ROLE: string;
    /** What roles may do besides: core/auth/policy.ts. */
    readonly EDGEDIVE_POLICY: string;
    /** Requests a second of one principal, and of these such as change something; 0 for no bound. */
    readonly EDGEDIVE_RATE: string;
    readonly EDGEDIVE_WRITE_RATE: string;
    /** How long and how many entries of the audit trail are kept: core/config/audit-settings.ts. */
    readonly EDGEDIVE_AUDIT_KEEP: string;
    readonly EDGEDIVE_AUDIT_ENTRIES: string;
    /** `on`: a line of the log for each request. */
    readonly EDGEDIVE_LOG_REQUESTS: string;
    /** Who is told flows and requests besides, and with which headers (secrets): core/export/export-settings.ts. */
    readonly EDGEDIVE_OTLP: string;
    readonly EDGEDIVE_OTLP_HEADERS?: string;
    readonly EDGEDIVE_KAFKA: string;
    readonly EDGEDIVE_KAFKA_HEADERS?: string;
    /** The way there under `npm start`, where `fetch` reaches no private address. */
    readonly EDGEDIVE_EXPORTS?: Fetcher;
    /** Tokens of somebody else that are believed, such as Cloudflare Access's: worker/auth/jwt.ts. */
    readonly EDGEDIVE_JWT_KEYS: string;
    readonly EDGEDIVE_JWT_ISSUER: string;
    readonly EDGEDIVE_JWT_AUDIENCE: string;
    readonly EDGEDIVE_JWT_ROLES_CLAIM: string;
    readonly EDGEDIVE_JWT_ROLE: string;
    /** Secrets: the token of the first administrator, and that of the probe on the analyzer's own host. */
    readonly EDGEDIVE_ADMIN_TOKEN?: string;
    readonly EDGEDIVE_PROBE_TOKEN?: string;
    /** Whom alerts may tell: `on` lets them tell private addresses; a comma-separated list, if not empty, only those hosts. */
    readonly EDGEDIVE_WEBHOOK_PRIVATE: string;
    readonly EDGEDIVE_WEBHOOK_HOSTS: string;
    /** Secret: alerts' messages are signed with it. */
    readonly EDGEDIVE_WEBHOOK_SECRET?: string;
    /** Only under `npm start`: the network as alerts may reach it. */
    readonly EDGEDIVE_WEBHOOKS?: Fetcher;
    /** How long and how much of the past is kept: core/history-settings.ts. */
    readonly EDGEDIVE_HISTORY: string;
    readonly EDGEDIVE_HISTORY_BYTES: string;
    /** Where flows go from there, if anywhere, and when: core/archive/archive-settings.ts. */
    readonly EDGEDIVE_ARCHIVE_BUCKET?: R2Bucket;
    /** Only under `npm start`: the folder of `history.archive`. */
    readonly EDGEDIVE_ARCHIVE?: Fetcher;
    /** … or a bucket of anything that speaks S3: https://endpoint/bucket/prefix. Key and secret are secrets. */
    readonly EDGEDIVE_ARCHIVE_S3: string;
    readonly EDGEDIVE_ARCHIVE_S3_REGION: string;
    readonly EDGEDIVE_ARCHIVE_S3_KEY?: string;
    readonly EDGEDIVE_ARCHIVE_S3_SECRET?: string;
    readonly EDGEDIVE_HISTORY_HOT: string;
    readonly EDGEDIVE_ARCHIVE_KEEP: string;
    readonly EDGEDIVE_ARCHIVE_BYTES: string;
    /** What one script may use: core/workflow/settings.ts. */
    readonly EDGEDIVE_WORKFLOW_TIME: string;
    readonly EDGEDIVE_WORKFLOW_MEMORY: string;
    readonly EDGEDIVE_WORKFLOW_QUERIES: string;
    /** Only under `npm start`: how far the peers of our connections have read; see objects/unread.ts. */
    readonly EDGEDIVE_CONNECTIONS?: Fetcher;
  }
  interface GlobalProps {
    mainModule: typeof import('./index.ts');
  }
}
interface Env extends Cloudflare.Env {}
/** What nodejs_compat has of it, as far as it is used. */
declare module 'node:zlib' {
  export function gzipSync(bytes: Uint8Array): Uint8Array;
  export function gunzipSync(bytes: Uint8Array): Uint8Array;
}
/** The interpreter of scripts, as every Workers runtime gives WebAssembly: compiled beforehand, since no code is made at run time. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
