/** The tables of a FlowHub object: only its counters. Its subscribers' state is in the attachments of their sockets. */
import { migrate, readMeta, writeMeta, type Schema } from './migrations.ts';

const schema: Schema = { name: 'FlowHub', migrations: [] };

export class HubStore {
  readonly #sql: SqlStorage;

  /** Throws when the storage has a newer schema. */
  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    migrate(storage, schema);
  }

  counters(): Record<string, number> {
    return JSON.parse(readMeta(this.#sql, 'counters') ?? '{}') as Record<string, number>;
  }

  setCounters(counters: Readonly<Record<string, number>>): void {
    writeMeta(this.#sql, 'counters', JSON.stringify(counters));
  }
}
