/**
 * The tables of a Topology object: the current graph, its past, the captures it was told, and the probes it knows.
 * Elements have integer keys, handed out in order of insertion: SQLite writes those several times faster than text
 * keys, one row is billed instead of two, and a woken object lists its graph in the order in which it grew.
 *
 * The current state stands only in `node` and `edge`; what an element was until it was changed or deleted is added to
 * `past` (`past-store.ts`).
 */
import type { Capture } from '../../core/capture/capture.ts';
import type { GraphEdge, GraphEvent, GraphNode } from '../../core/graph/element.ts';
import {
  edgeFromJson,
  edgeToJson,
  nodeFromJson,
  nodeToJson,
  type EdgeJson,
  type NodeJson,
} from '../../core/wire/element-json.ts';
import type { EndedState } from '../../core/graph/past-packs.ts';
import type { ShardCounts } from '../../core/shard-place.ts';
import { AlertStore, alertTables } from './alert-store.ts';
import { createLateTable, LateStatistics } from './late-statistics.ts';
import { RowMeter } from './metered-sql.ts';
import { migrate, readMeta, writeMeta, type Schema } from './migrations.ts';
import { packRevisions } from './pack-revisions.ts';
import { PastStore } from './past-store.ts';
import { createRuleTables, RuleTables } from './rule-tables.ts';

const schema: Schema = {
  name: 'Topology',
  migrations: [
    (sql) =>
      sql.exec(`
        CREATE TABLE node (row INTEGER PRIMARY KEY, json TEXT NOT NULL);
        CREATE TABLE edge (row INTEGER PRIMARY KEY, json TEXT NOT NULL);
        CREATE TABLE revision (
          row INTEGER PRIMARY KEY, kind TEXT NOT NULL, element TEXT NOT NULL,
          from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, json TEXT NOT NULL);
        CREATE TABLE capture (row INTEGER PRIMARY KEY, uuid TEXT NOT NULL, json TEXT NOT NULL);
        CREATE TABLE probe (host TEXT PRIMARY KEY, incarnation TEXT NOT NULL, gone_ms INTEGER) WITHOUT ROWID;
      `),
    createRuleTables,
    // The past as a row an element could be read only by going through everything that ended since.
    (sql) => {
      sql.exec(`
        CREATE TABLE past (
          level INTEGER NOT NULL, to_ms INTEGER NOT NULL, number INTEGER NOT NULL, from_ms INTEGER NOT NULL,
          revisions INTEGER NOT NULL, chars INTEGER NOT NULL, json TEXT NOT NULL,
          PRIMARY KEY (level, to_ms, number)) WITHOUT ROWID`);
      packRevisions(sql);
    },
    // Origins of publishers whose elements go with their connection.
    (sql) => sql.exec('CREATE TABLE passing_origin (origin TEXT PRIMARY KEY) WITHOUT ROWID'),
    (sql) => sql.exec(alertTables),
    createLateTable,
  ],
};

/** Rows read at once while waking: 100,000 nodes load in about 0.3 s this way. */
const LOAD_ROWS = 1_000;

type Kind = 'node' | 'edge';

/** A probe as the object remembers it; `goneMs` is undefined while it is connected. */
export interface KnownProbe {
  readonly host: string;
  readonly incarnation: string;
  readonly goneMs: number | undefined;
}

export class TopologyStore {
  readonly rules: RuleTables;
  readonly alerts: AlertStore;
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  readonly #rows: Record<Kind, Map<string, number>> = { node: new Map(), edge: new Map() };
  readonly #next: Record<Kind, number> = { node: 1, edge: 1 };
  readonly past: PastStore;
  readonly late: LateStatistics;
  readonly #meter = new RowMeter();
  /** Whether what ends is kept. */
  keepsPast = true;
  /** What ended with the events of the write that is under way. */
  #ended: EndedState[] = [];

  /** Throws when the storage has a newer schema. */
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = this.#meter.of(storage.sql);
    migrate(storage, schema);
    this.rules = new RuleTables(this.#sql);
    this.alerts = new AlertStore(this.#sql);
    this.past = new PastStore(this.#sql);
    this.late = new LateStatistics(this.#sql);
  }

  /** Into how many shards the flows are and were spread; undefined at the first start. */
  shardCounts(): ShardCounts | undefined {
    const text = readMeta(this.#sql, 'shardCounts');
    return text === undefined ? undefined : (JSON.parse(text) as ShardCounts);
  }

  setShardCounts(counts: ShardCounts): void {
    const text = JSON.stringify(counts);
    if (text !== readMeta(this.#sql, 'shardCounts')) writeMeta(this.#sql, 'shardCounts', text);
  }

  transaction(work: () => void): void {
    this.#storage.transactionSync(work);
  }

  /** Every node of the current graph, then every edge, each in order of insertion. Call once, first of all. */
  load(onNode: (node: GraphNode) => void, onEdge: (edge: GraphEdge) => void): void {
    const late = this.late.load();
    this.#loadKind('node', (stored) => {
      const json = this.late.over(stored, late.get(stored.ID));
      const node = nodeFromJson(json);
      if (json !== stored) this.late.loaded(node, [stored.CreatedAt, stored.UpdatedAt, stored.Revision]);
      onNode(node);
    });
    this.#loadKind('edge', (json) => onEdge(edgeFromJson(json as EdgeJson)));
  }

  #loadKind(kind: Kind, take: (json: NodeJson | EdgeJson) => void): void {
    for (;;) {
      const rows = this.#sql
        .exec<{ row: number; json: string }>(
          `SELECT row, json FROM ${kind} WHERE row >= ? ORDER BY row LIMIT ${LOAD_ROWS}`,
          this.#next[kind],
        )
        .toArray();
      for (const { row, json } of rows) {
        const element = JSON.parse(json) as NodeJson | EdgeJson;
        this.#rows[kind].set(element.ID, row);
        this.#next[kind] = row + 1;
        take(element);
      }
      if (rows.length < LOAD_ROWS) return;
    }
  }

  /** Writes the events of one change of the graph, or holds them for `writeLate`; false when it held them all. Only inside `transaction`. */
  write(events: readonly GraphEvent[], atMs: number): boolean {
    this.#ended = [];
    let hasWritten = false;
    for (const event of events)
      if (!this.late.hold(event, atMs, this.keepsPast)) {
        this.#write(event, atMs);
        hasWritten = true;
      }
    if (this.keepsPast) this.past.add(this.#ended);
    if (!this.late.isFull) return hasWritten;
    this.writeLate();
    return true;
  }

  /** Writes what was held. Only inside `transaction`. */
  writeLate(): void {
    this.past.add(this.late.write());
  }

  /** Rows written since this was asked last, as the platform bills them. */
  takeRowsWritten(): number {
    return this.#meter.take();
  }

  #write(event: GraphEvent, atMs: number): void {
    if ('node' in event) this.#ended.push(...this.late.release(event.node.id));
    switch (event.kind) {
      case 'nodeAdded':
        this.#insert('node', event.node.id, JSON.stringify(nodeToJson(event.node)));
        break;
      case 'edgeAdded':
        this.#insert('edge', event.edge.id, JSON.stringify(edgeToJson(event.edge)));
        break;
      case 'nodeUpdated':
        this.#archive(event.before, atMs, JSON.stringify(nodeToJson(event.before)));
        this.#update('node', event.node.id, JSON.stringify(nodeToJson(event.node)));
        break;
      case 'edgeUpdated':
        this.#archive(event.before, atMs, JSON.stringify(edgeToJson(event.before)));
        this.#update('edge', event.edge.id, JSON.stringify(edgeToJson(event.edge)));
        break;
      case 'nodeDeleted':
        this.#archive(event.node, atMs, JSON.stringify(nodeToJson(event.node)));
        this.#delete('node', event.node.id);
        break;
      case 'edgeDeleted':
        this.#archive(event.edge, atMs, JSON.stringify(edgeToJson(event.edge)));
        this.#delete('edge', event.edge.id);
        break;
    }
  }

  #insert(kind: Kind, id: string, json: string): void {
    const row = this.#next[kind]++;
    this.#rows[kind].set(id, row);
    this.#sql.exec(`INSERT INTO ${kind} (row, json) VALUES (?, ?)`, row, json);
  }

  #update(kind: Kind, id: string, json: string): void {
    this.#sql.exec(`UPDATE ${kind} SET json = ? WHERE row = ?`, json, this.#rows[kind].get(id) ?? -1);
  }

  #delete(kind: Kind, id: string): void {
    this.#sql.exec(`DELETE FROM ${kind} WHERE row = ?`, this.#rows[kind].get(id) ?? -1);
    this.#rows[kind].delete(id);
  }

  #archive(element: GraphNode, toMs: number, text: string): void {
    this.#ended.push({ fromMs: element.updatedAt, toMs, text });
  }

  captures(): Capture[] {
    return this.#sql
      .exec<{ json: string }>('SELECT json FROM capture ORDER BY row')
      .toArray()
      .map(({ json }) => JSON.parse(json) as Capture);
  }

  /** Replaces the list; only what differs is written. */
  setCaptures(before: readonly Capture[], after: readonly Capture[]): void {
    const texts = new Map(before.map((capture) => [capture.UUID, JSON.stringify(capture)]));
    this.transaction(() => {
      for (const capture of after) {
        const json = JSON.stringify(capture);
        if (texts.get(capture.UUID) !== json) {
          this.#sql.exec('DELETE FROM capture WHERE uuid = ?', capture.UUID);
          this.#sql.exec('INSERT INTO capture (uuid, json) VALUES (?, ?)', capture.UUID, json);
        }
        texts.delete(capture.UUID);
      }
      for (const uuid of texts.keys()) this.#sql.exec('DELETE FROM capture WHERE uuid = ?', uuid);
    });
  }

  probes(): KnownProbe[] {
    return this.#sql
      .exec<{ host: string; incarnation: string; gone_ms: number | null }>(
        'SELECT host, incarnation, gone_ms FROM probe ORDER BY host',
      )
      .toArray()
      .map((row) => ({ host: row.host, incarnation: row.incarnation, goneMs: row.gone_ms ?? undefined }));
  }

  setProbe(probe: KnownProbe): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO probe (host, incarnation, gone_ms) VALUES (?, ?, ?)',
      probe.host,
      probe.incarnation,
      probe.goneMs ?? null,
    );
  }

  deleteProbe(host: string): void {
    this.#sql.exec('DELETE FROM probe WHERE host = ?', host);
  }

  passingOrigins(): string[] {
    return this.#sql
      .exec<{ origin: string }>('SELECT origin FROM passing_origin ORDER BY origin')
      .toArray()
      .map(({ origin }) => origin);
  }

  addPassingOrigin(origin: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO passing_origin (origin) VALUES (?)', origin);
  }

  deletePassingOrigin(origin: string): void {
    this.#sql.exec('DELETE FROM passing_origin WHERE origin = ?', origin);
  }

  counters(): Record<string, number> {
    return JSON.parse(readMeta(this.#sql, 'counters') ?? '{}') as Record<string, number>;
  }

  setCounters(counters: Readonly<Record<string, number>>): void {
    writeMeta(this.#sql, 'counters', JSON.stringify(counters));
  }

  get bytes(): number {
    return this.#sql.databaseSize;
  }
}
