/**
 * Tables of the Registry object. A resource is one row: its kind, id, JSON, the key that makes duplicates, and when
 * it ends. `changes` and `told` (in meta) say whether the Topology object knows the newest lists.
 */
import { auditTables } from './audit-store.ts';
import { migrate, readMeta, writeMeta, type Schema } from './migrations.ts';
import { tokenTables } from './token-store.ts';
import { webhookTables } from './webhook-store.ts';

const schema: Schema = {
  name: 'Registry',
  migrations: [
    (sql) => {
      // Rows come back in the order of creation.
      sql.exec(`CREATE TABLE resource (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        duplicate_key TEXT, expires_ms INTEGER)`);
      sql.exec('CREATE UNIQUE INDEX resource_id ON resource (kind, id)');
      // Kinds without duplicates leave the key NULL, and NULLs are all different.
      sql.exec('CREATE UNIQUE INDEX resource_duplicate ON resource (kind, duplicate_key)');
      sql.exec('CREATE INDEX resource_expiry ON resource (expires_ms) WHERE expires_ms IS NOT NULL');
      sql.exec('CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID');
    },
    (sql) => sql.exec(tokenTables),
    (sql) => sql.exec(webhookTables),
    (sql) => sql.exec(auditTables),
  ],
};

export interface NewResource {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
  /** undefined = duplicates are welcome. */
  readonly duplicateKey: string | undefined;
  /** ms since 1970; undefined = for ever. */
  readonly expiresMs: number | undefined;
}

export interface Removed {
  readonly kind: string;
  readonly body: string;
}

export class RegistryStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    migrate(storage, schema);
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** JSON texts of a kind, oldest first. */
  bodies(kind: string): string[] {
    const rows = this.#sql.exec<{ body: string }>(
      'SELECT body FROM resource WHERE kind = ? ORDER BY seq',
      kind,
    );
    return [...rows].map((row) => row.body);
  }

  body(kind: string, id: string): string | undefined {
    const rows = this.#sql.exec<{ body: string }>(
      'SELECT body FROM resource WHERE kind = ? AND id = ?',
      kind,
      id,
    );
    return [...rows][0]?.body;
  }

  /** How many of each kind. */
  sizes(): Record<string, number> {
    const rows = this.#sql.exec<{ kind: string; n: number }>(
      'SELECT kind, count(*) AS n FROM resource GROUP BY kind',
    );
    return Object.fromEntries([...rows].map((row) => [row.kind, row.n]));
  }

  /** Characters of all texts of a kind. */
  charsOf(kind: string): number {
    const [row] = this.#sql.exec<{ n: number | null }>(
      'SELECT sum(length(body)) AS n FROM resource WHERE kind = ?',
      kind,
    );
    return row?.n ?? 0;
  }

  hasDuplicate(kind: string, duplicateKey: string): boolean {
    const rows = this.#sql.exec(
      'SELECT 1 FROM resource WHERE kind = ? AND duplicate_key = ? LIMIT 1',
      kind,
      duplicateKey,
    );
    return [...rows].length > 0;
  }

  /** In one transaction with the note that something changed. */
  insert(resource: NewResource): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec(
        'INSERT INTO resource (kind, id, body, duplicate_key, expires_ms) VALUES (?, ?, ?, ?, ?)',
        resource.kind,
        resource.id,
        resource.body,
        resource.duplicateKey ?? null,
        resource.expiresMs ?? null,
      );
      this.#noteChange();
    });
  }

  /** False when there is none. */
  update(kind: string, id: string, body: string): boolean {
    return (
      this.#change('UPDATE resource SET body = ? WHERE kind = ? AND id = ? RETURNING id', body, kind, id) > 0
    );
  }

  /** Replaces a resource's text and the key that makes duplicates, unless another one has that. */
  replace(
    kind: string,
    id: string,
    body: string,
    duplicateKey: string,
  ): 'replaced' | 'missing' | 'duplicate' {
    const others = this.#sql.exec(
      'SELECT 1 FROM resource WHERE kind = ? AND duplicate_key = ? AND id <> ? LIMIT 1',
      kind,
      duplicateKey,
      id,
    );
    if ([...others].length > 0) return 'duplicate';
    const touched = this.#change(
      'UPDATE resource SET body = ?, duplicate_key = ? WHERE kind = ? AND id = ? RETURNING id',
      body,
      duplicateKey,
      kind,
      id,
    );
    return touched > 0 ? 'replaced' : 'missing';
  }

  /** Replaces a resource's text without a word to anybody: what it says of itself changed, not what is wanted. */
  amend(kind: string, id: string, body: string): void {
    this.#sql.exec('UPDATE resource SET body = ? WHERE kind = ? AND id = ?', body, kind, id);
  }

  /** Its JSON text; undefined when there was none. */
  remove(kind: string, id: string): string | undefined {
    const body = this.body(kind, id);
    if (body !== undefined)
      this.#change('DELETE FROM resource WHERE kind = ? AND id = ? RETURNING id', kind, id);
    return body;
  }

  /** Removes what ended at or before `nowMs`; returns what that was. */
  expire(nowMs: number): readonly Removed[] {
    // Asked before every read, and a transaction that changes nothing still waits for the disk.
    if ((this.nextExpiryMs ?? Infinity) > nowMs) return [];
    const ended = [
      ...this.#sql.exec<{ kind: string; body: string }>(
        'SELECT kind, body FROM resource WHERE expires_ms <= ?',
        nowMs,
      ),
    ];
    this.#change('DELETE FROM resource WHERE expires_ms <= ? RETURNING id', nowMs);
    return ended;
  }

  /** How many rows the statement touched. */
  #change(statement: string, ...parameters: (string | number)[]): number {
    return this.#storage.transactionSync(() => {
      const touched = [...this.#sql.exec(statement, ...parameters)].length;
      if (touched > 0) this.#noteChange();
      return touched;
    });
  }

  /** When the next resource ends, ms since 1970. */
  get nextExpiryMs(): number | undefined {
    const [row] = this.#sql.exec<{ next: number | null }>(
      'SELECT min(expires_ms) AS next FROM resource WHERE expires_ms IS NOT NULL',
    );
    return row?.next ?? undefined;
  }

  /** How many resources have an end. */
  get expiring(): number {
    const [row] = this.#sql.exec<{ n: number }>(
      'SELECT count(*) AS n FROM resource WHERE expires_ms IS NOT NULL',
    );
    return row?.n ?? 0;
  }

  /** Number of the last change. */
  get changes(): number {
    return Number(readMeta(this.#sql, 'changes') ?? '0');
  }

  #noteChange(): void {
    writeMeta(this.#sql, 'changes', String(this.changes + 1));
  }

  /** Number of the last change that the Topology object was told. */
  get told(): number {
    return Number(readMeta(this.#sql, 'told') ?? '0');
  }

  set told(change: number) {
    writeMeta(this.#sql, 'told', String(change));
  }

  counters(): Record<string, number> {
    const rows = this.#sql.exec<{ name: string; value: number }>('SELECT name, value FROM counter');
    return Object.fromEntries([...rows].map((row) => [row.name, row.value]));
  }

  setCounters(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values))
      this.#sql.exec('INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)', name, value);
  }
}
