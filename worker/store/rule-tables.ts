/**
 * Tables of a Topology object for its rules: the registry's lists, so that a woken object knows them, which elements rules
 * made, and what lies over nodes and edges (`core/graph/overlays.ts`), one row each.
 */
import type { MadeKind } from '../../core/graph/made-elements.ts';
import type { StoredOverlay } from '../../core/graph/overlays.ts';
import type { Rules } from '../../core/rules/rule.ts';

export function createRuleTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE rule (row INTEGER PRIMARY KEY, kind TEXT NOT NULL, json TEXT NOT NULL);
    CREATE TABLE made (kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE TABLE overlay (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
  `);
}

export class RuleTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Oldest first. */
  rules(): Rules {
    return { noderule: this.#list('noderule'), edgerule: this.#list('edgerule') };
  }

  #list<Kind extends keyof Rules>(kind: Kind): Rules[Kind] {
    const rows = this.#sql.exec<{ json: string }>('SELECT json FROM rule WHERE kind = ? ORDER BY row', kind);
    return rows.toArray().map(({ json }) => JSON.parse(json) as unknown) as unknown as Rules[Kind];
  }

  /** Replaces both lists. Only inside a transaction. */
  setRules(rules: Rules): void {
    this.#sql.exec('DELETE FROM rule');
    for (const kind of ['noderule', 'edgerule'] as const)
      for (const rule of rules[kind])
        this.#sql.exec('INSERT INTO rule (kind, json) VALUES (?, ?)', kind, JSON.stringify(rule));
  }

  *made(): Generator<[kind: MadeKind, id: string]> {
    for (const { kind, id } of this.#sql.exec<{ kind: MadeKind; id: string }>('SELECT kind, id FROM made'))
      yield [kind, id];
  }

  /** Only inside a transaction. */
  setMade(kind: MadeKind, id: string, isMade: boolean): void {
    const statement = isMade
      ? 'INSERT OR REPLACE INTO made (kind, id) VALUES (?, ?)'
      : 'DELETE FROM made WHERE kind = ? AND id = ?';
    this.#sql.exec(statement, kind, id);
  }

  *overlays(kind: MadeKind): Generator<[id: string, overlay: StoredOverlay]> {
    const rows = this.#sql.exec<{ id: string; json: string }>(
      'SELECT id, json FROM overlay WHERE kind = ?',
      kind,
    );
    for (const { id, json } of rows) yield [id, JSON.parse(json) as StoredOverlay];
  }

  /** Only inside a transaction. */
  setOverlay(kind: MadeKind, id: string, overlay: StoredOverlay | undefined): void {
    if (overlay === undefined) this.#sql.exec('DELETE FROM overlay WHERE kind = ? AND id = ?', kind, id);
    else
      this.#sql.exec(
        'INSERT OR REPLACE INTO overlay (kind, id, json) VALUES (?, ?, ?)',
        kind,
        id,
        JSON.stringify(overlay),
      );
  }
}
