/** What is still to be told to alerts' actions, in the Registry's tables. */

export const webhookTables = `
  CREATE TABLE webhook (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, alert TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
    attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL);
  CREATE INDEX webhook_due ON webhook (due_ms);
`;

export interface Webhook {
  readonly seq: number;
  /** The same in each attempt: a receiver that heard it before knows it again. */
  readonly id: string;
  readonly alert: string;
  readonly url: string;
  readonly body: string;
  readonly attempts: number;
}

export class WebhookStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  add({ id, alert, url, body }: Omit<Webhook, 'seq' | 'attempts'>, dueMs: number): void {
    this.#sql.exec(
      'INSERT INTO webhook (id, alert, url, body, attempts, due_ms) VALUES (?, ?, ?, ?, 0, ?)',
      id,
      alert,
      url,
      body,
      dueMs,
    );
  }

  due(nowMs: number, most: number): Webhook[] {
    const rows = this.#sql.exec<{
      seq: number;
      id: string;
      alert: string;
      url: string;
      body: string;
      attempts: number;
    }>(
      'SELECT seq, id, alert, url, body, attempts FROM webhook WHERE due_ms <= ? ORDER BY due_ms LIMIT ?',
      nowMs,
      most,
    );
    return [...rows];
  }

  again(seq: number, attempts: number, dueMs: number): void {
    this.#sql.exec('UPDATE webhook SET attempts = ?, due_ms = ? WHERE seq = ?', attempts, dueMs, seq);
  }

  delete(seq: number): void {
    this.#sql.exec('DELETE FROM webhook WHERE seq = ?', seq);
  }

  get size(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM webhook').one().n;
  }

  /** The oldest ones beyond so many; how many they were. */
  shed(most: number): number {
    return this.#sql.exec(
      'DELETE FROM webhook WHERE seq IN (SELECT seq FROM webhook ORDER BY seq DESC LIMIT -1 OFFSET ?)',
      most,
    ).rowsWritten;
  }

  get nextMs(): number | undefined {
    return (
      this.#sql.exec<{ next: number | null }>('SELECT min(due_ms) AS next FROM webhook').one().next ??
      undefined
    );
  }
}
