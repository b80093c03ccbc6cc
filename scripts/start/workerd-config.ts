/**
 * wrangler.toml → the configuration of plain `workerd serve` (Cap'n Proto text). What wrangler.toml may say and plain
 * workerd cannot do is refused by name, so that nothing that works under `wrangler dev` is silently missing here.
 * Schema: workerd's src/workerd/server/workerd.capnp.
 */
import { parse } from 'smol-toml';

export interface WranglerConfig {
  readonly main: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /** Binding name → class name. */
  readonly objects: readonly { readonly binding: string; readonly className: string }[];
  /** The binding of the folder of static files; undefined without one. */
  readonly assets: string | undefined;
  /** Class name → the name under which its data is kept, and whether it has SQLite. */
  readonly classes: ReadonlyMap<string, { readonly storedAs: string; readonly sqlite: boolean }>;
  readonly vars: Readonly<Record<string, unknown>>;
}

interface WranglerToml {
  name: string;
  main: string;
  compatibility_date: string;
  compatibility_flags?: string[];
  assets?: { binding?: string; run_worker_first?: unknown };
  durable_objects?: { bindings?: { name: string; class_name: string }[] };
  migrations?: Migration[];
  vars?: Record<string, unknown>;
}
interface Migration {
  new_sqlite_classes?: string[];
  new_classes?: string[];
  renamed_classes?: { from: string; to: string }[];
  deleted_classes?: string[];
}

const USED = 'name main assets compatibility_date compatibility_flags durable_objects migrations vars';
/** About wrangler or Cloudflare alone; a local server has no use for them. */
const MEANINGLESS =
  '$schema account_id build dev env limits logpush observability placement route routes send_metrics upload_source_maps workers_dev';
const KNOWN = new Set(`${USED} ${MEANINGLESS}`.split(' '));

/** From this compatibility date on the flag is the default, and workerd complains of it. */
const NODEJS_COMPAT_DEFAULT_SINCE = '2026-08-04';

/** Throws an Error naming the key for a wrangler.toml that plain workerd cannot serve. */
export function readWranglerToml(text: string): WranglerConfig {
  const toml = parse(text);
  const foreign = Object.keys(toml).filter(
    (key) => !KNOWN.has(key) && !(key === 'r2_buckets' && isArchive(toml[key])),
  );
  if (foreign.length > 0)
    throw new Error(`wrangler.toml: ${foreign.join(', ')}: plain workerd has no such thing`);
  const known = toml as unknown as WranglerToml;
  const { assets } = known;
  if (assets !== undefined && (assets.binding === undefined || assets.run_worker_first !== true))
    throw new Error('wrangler.toml: assets: here they need a binding and run_worker_first = true');
  const classes = storedClasses(known.name, known.migrations ?? []);
  const objects = (known.durable_objects?.bindings ?? []).map((binding) => ({
    binding: binding.name,
    className: binding.class_name,
  }));
  for (const { className } of objects) {
    if (!classes.has(className))
      throw new Error(`wrangler.toml: no migration creates the class ${className}`);
  }
  return {
    main: known.main,
    compatibilityDate: known.compatibility_date,
    compatibilityFlags: (known.compatibility_flags ?? []).filter(
      (flag) => flag !== 'nodejs_compat' || known.compatibility_date < NODEJS_COMPAT_DEFAULT_SINCE,
    ),
    objects,
    assets: assets?.binding,
    classes,
    vars: known.vars ?? {},
  };
}

/** The only bucket is that of the archive, which is a folder here (`history.archive`). */
function isArchive(buckets: unknown): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.every((bucket: { binding?: unknown } | null) => bucket?.binding === 'EDGEDIVE_ARCHIVE_BUCKET')
  );
}

/** Follows the migrations: a renamed class keeps the data it had under its first name. */
function storedClasses(worker: string, migrations: readonly Migration[]): WranglerConfig['classes'] {
  const classes = new Map<string, { storedAs: string; sqlite: boolean }>();
  for (const migration of migrations) {
    for (const name of migration.new_sqlite_classes ?? []) {
      classes.set(name, { storedAs: `${worker}-${name}`, sqlite: true });
    }
    for (const name of migration.new_classes ?? []) {
      classes.set(name, { storedAs: `${worker}-${name}`, sqlite: false });
    }
    for (const { from, to } of migration.renamed_classes ?? []) {
      const stored = classes.get(from);
      if (stored === undefined)
        throw new Error(`wrangler.toml: a migration renames the unknown class ${from}`);
      classes.delete(from);
      classes.set(to, stored);
    }
    for (const name of migration.deleted_classes ?? []) classes.delete(name);
  }
  return classes;
}

export interface ServeOptions {
  /** HOST:PORT as workerd takes it. */
  readonly address: string;
  /** The bundled Worker, from the directory of the configuration file. */
  readonly moduleFile: string;
  /** Names of the WebAssembly modules that it imports; files of those names lie beside it. */
  readonly wasmModules?: readonly string[];
  /** Absolute path of an existing directory for the objects' storage. */
  readonly storageDir: string;
  /** Absolute path of the folder of static files, where wrangler.toml names a binding for them. */
  readonly assetsDir?: string;
  /** Headers by which the listener with TLS tells who asks (workerd.capnp: HttpOptions). */
  readonly believed?: { readonly peerHeader: string; readonly protoHeader: string };
  /** Where the Worker can ask how far its peers have read; see connection-report.ts. */
  readonly connections?: string;
  /** Where it keeps archived files; see archive-folder.ts. */
  readonly archive?: string;
  /** Win over those of wrangler.toml. */
  readonly vars: Readonly<Record<string, string>>;
}

/** The text of workerd.capnp. */
export function workerdConfig(config: WranglerConfig, options: ServeOptions): string {
  const vars = Object.entries({ ...config.vars, ...options.vars }).map(([name, value]) =>
    typeof value === 'string'
      ? `(name = ${quote(name)}, text = ${quote(value)})`
      : `(name = ${quote(name)}, json = ${quote(JSON.stringify(value))})`,
  );
  const objects = config.objects.map(
    ({ binding, className }) => `(name = ${quote(binding)}, durableObjectNamespace = ${quote(className)})`,
  );
  const namespaces = [...config.classes].map(
    ([className, { storedAs, sqlite }]) =>
      `(className = ${quote(className)}, uniqueKey = ${quote(storedAs)}, enableSql = ${sqlite})`,
  );
  const { connections: asked, archive, assetsDir } = options;
  const assets = assetsDir === undefined ? undefined : config.assets;
  const given: Readonly<Record<string, unknown>> = { ...config.vars, ...options.vars };
  const isOn = (name: string): boolean => (given[name] ?? '') !== '' && given[name] !== 'off';
  const services = [
    networkService('internet', isOn('EDGEDIVE_JWT_KEYS')),
    networkService('webhooks', isOn('EDGEDIVE_WEBHOOK_PRIVATE')),
    // Whoever runs the analyzer has named where they go.
    networkService('exports', true),
    '(name = "edgedive", worker = .edgedive)',
    `(name = "storage", disk = (path = ${quote(options.storageDir)}, writable = true))`,
    ...(assets === undefined
      ? []
      : [`(name = "assets", disk = (path = ${quote(assetsDir ?? '')}, writable = false))`]),
    ...(asked === undefined
      ? []
      : [`(name = "connections", external = (address = ${quote(asked)}, http = ()))`]),
    ...(archive === undefined
      ? []
      : [`(name = "archive", external = (address = ${quote(archive)}, http = ()))`]),
  ];
  const modules = [
    `(name = "worker.js", esModule = embed ${quote(options.moduleFile)})`,
    ...(options.wasmModules ?? []).map((name) => `(name = ${quote(name)}, wasm = embed ${quote(name)})`),
  ];
  const asking = [
    '(name = "EDGEDIVE_WEBHOOKS", service = "webhooks")',
    '(name = "EDGEDIVE_EXPORTS", service = "exports")',
    ...(assets === undefined ? [] : [`(name = ${quote(assets)}, service = "assets")`]),
    ...(asked === undefined ? [] : ['(name = "EDGEDIVE_CONNECTIONS", service = "connections")']),
    ...(archive === undefined ? [] : ['(name = "EDGEDIVE_ARCHIVE", service = "archive")']),
  ];
  return `# Made by \`npm start\` from wrangler.toml at every start; changes here are lost.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ${services.join(',\n    ')}
  ],
  sockets = [(name = "http", address = ${quote(options.address)}, http = ${httpOptions(options.believed)}, service = "edgedive")],
);

const edgedive :Workerd.Worker = (
  modules = [
    ${modules.join(',\n    ')}
  ],
  compatibilityDate = ${quote(config.compatibilityDate)},
  compatibilityFlags = [${config.compatibilityFlags.map(quote).join(', ')}],
  durableObjectNamespaces = [
    ${namespaces.join(',\n    ')}
  ],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [
    ${[...objects, ...asking, ...vars].join(',\n    ')}
  ],
);
`;
}

/**
 * A way out into the network, by names too: workerd looks at the address that a name leads to. `internet` is what `fetch` uses,
 * which only asks an identity provider for its keys; it may be one's own, beside the analyzer.
 */
function networkService(name: string, reachesPrivate: boolean): string {
  const allow = reachesPrivate ? '"public", "private"' : '"public"';
  return `(name = ${quote(name)}, network = (allow = [${allow}], tlsOptions = (trustBrowserCas = true)))`;
}

function httpOptions(believed: ServeOptions['believed']): string {
  if (believed === undefined) return '()';
  return `(cfBlobHeader = ${quote(believed.peerHeader)}, forwardedProtoHeader = ${quote(believed.protoHeader)})`;
}

const hex = (character: string) => String.raw`\x` + character.charCodeAt(0).toString(16).padStart(2, '0');

/** A Cap'n Proto string literal: control characters, quotes and backslashes as two hexadecimal digits. */
function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return `"${text.replaceAll(/[\u0000-\u001f\u007f"\\]/g, hex)}"`;
}
