/**
 * The captures' own connection to an Open vSwitch database: transactions, word of rows of ours that somebody else
 * removed, and the removal of what nobody owns any more (a probe was killed, or the database was away when a capture
 * ended). Connects when it is needed and when there may be something to be removed.
 */
import { existsSync } from 'node:fs';
import { messageOf } from '../../../core/errors.ts';
import type { Json } from '../../../core/graph/element.ts';
import { timings } from '../../../core/limits.ts';
import type { Log } from '../../log.ts';
import { listOf, objectOf, textOf } from '../../topology/sources/json-read.ts';
import { OvsdbClient, type OvsdbPlace } from '../../topology/sources/ovsdb-client.ts';
import { Row } from '../../topology/sources/ovsdb-tables.ts';
import { CaptureError } from '../capture-source.ts';
import { isOfHost, MARKED, removeOperations, runOf, uuidOf, type Operation } from './ovs-rows.ts';

const DATABASE = 'Open_vSwitch';
/** Tables whose rows go when a bridge lets go of them. */
const WATCHED = ['Mirror', 'sFlow', 'NetFlow'];
/** A probe that ends has no more time; what is left then goes at the next start. */
const REMOVE_MS_MAX = 1_000;

/** The database was asked and said no: nothing was changed. */
export class OvsRefusal extends CaptureError {
  override readonly name = 'OvsRefusal';
  /** RFC 7047's word: `timed out`, `constraint violation` … */
  readonly reason: string;

  constructor(reason: string, details: string) {
    super(`Open vSwitch refused: ${[reason, details].filter((text) => text !== '').join(': ')}`);
    this.reason = reason;
  }
}

/** Somebody who has rows there. */
interface Owner {
  readonly gone: (error: CaptureError) => void;
  /** The row that is missed when it goes; undefined = not made yet. */
  row?: string;
}

export interface OvsDatabaseOptions {
  readonly place: OvsdbPlace;
  readonly hostId: string;
  readonly log: Log;
}

export class OvsDatabase {
  readonly #options: OvsDatabaseOptions;
  readonly #stopping = new AbortController();
  /** By the run in their rows' marks. */
  readonly #owners = new Map<string, Owner>();
  #client: Promise<OvsdbClient> | undefined;
  /** Rows of ours may be there that have no owner. */
  #isUntidy = false;
  #tidying: NodeJS.Timeout | undefined;
  readonly counters = { connections: 0, removed: 0 };

  constructor(options: OvsDatabaseOptions) {
    this.#options = options;
  }

  /** Removes what was left behind, as soon as the database can be reached. */
  tidy(): void {
    this.#isUntidy = true;
    void this.#tidyNow();
  }

  /** undefined = it has none. Rejects with CaptureError. */
  async row(table: string, uuid: string): Promise<Row | undefined> {
    const question = { op: 'select', table, where: [['_uuid', '==', uuidOf(uuid)]] };
    return this.#ask(await this.#connected(), [question], ([answer]) => rowIn(answer, uuid));
  }

  /**
   * Makes rows that carry this run's mark; `watchedAt` is the answer that tells the row to be missed. `gone` is called once, when it was
   * removed or the database cannot be reached any more; the run owns nothing then. The answers.
   */
  async make(
    run: string,
    operations: readonly Operation[],
    watchedAt: number,
    gone: (error: CaptureError) => void,
  ): Promise<readonly Json[]> {
    const owner: Owner = { gone };
    const client = await this.#connected();
    this.#owners.set(run, owner);
    try {
      return await this.#ask(client, operations, (results) => {
        owner.row = madeUuid(results[watchedAt]);
        if (results.some((result) => objectOf(result)['count'] === 1)) return results;
        throw new CaptureError('Open vSwitch has no such bridge any more');
      });
    } catch (error) {
      this.#owners.delete(run);
      if (!(error instanceof OvsRefusal)) this.#leftSomething();
      throw error;
    }
  }

  /** Removes what the run made, now or when the database can be reached again. Never rejects. */
  async remove(run: string, rows: ReadonlyMap<string, readonly string[]>): Promise<void> {
    this.#owners.delete(run);
    const client = this.#client;
    if (client === undefined) return this.#leftSomething();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('late')), REMOVE_MS_MAX);
    });
    try {
      await Promise.race([late, this.#ask(await client, removeOperations(rows), () => {})]);
    } catch {
      this.#leftSomething();
    } finally {
      clearTimeout(timer);
    }
  }

  stop(): void {
    clearTimeout(this.#tidying);
    this.#owners.clear();
    this.#stopping.abort();
  }

  #connected(): Promise<OvsdbClient> {
    return (this.#client ??= this.#connect());
  }

  async #connect(): Promise<OvsdbClient> {
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, this.#stopping.signal]);
    try {
      signal.throwIfAborted();
      const client = new OvsdbClient(this.#options.place, signal, (tables) => this.#rowsWent(tables));
      const select = { initial: false, insert: false, modify: false, delete: true };
      const request = Object.fromEntries(
        WATCHED.map((table) => [table, { columns: ['external_ids'], select }]),
      );
      await client.ask('monitor', [DATABASE, 'edgedive-captures', request], () => {});
      await this.#removeUnowned(client);
      this.counters.connections++;
      client.ended.catch((error: unknown) => this.#ended(error));
      return client;
    } catch (error) {
      end.abort();
      this.#client = undefined;
      throw this.#errorOf(error);
    }
  }

  #ended(error: unknown): void {
    this.#client = undefined;
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    if (this.#stopping.signal.aborted) return;
    if (owners.length > 0) this.#leftSomething();
    for (const { gone } of owners) gone(this.#errorOf(error));
  }

  /** All operations are carried out or none. `take` sees the answers before anything the database says later. */
  async #ask<T>(
    client: OvsdbClient,
    operations: readonly Operation[],
    take: (results: readonly Json[]) => T,
  ): Promise<T> {
    try {
      const outcome = await client.ask('transact', [DATABASE, ...operations], (result) => {
        try {
          return { good: take(resultsOf(result)) };
        } catch (error) {
          return { error };
        }
      });
      if ('error' in outcome) throw outcome.error;
      return outcome.good;
    } catch (error) {
      throw error instanceof CaptureError ? error : this.#errorOf(error);
    }
  }

  #errorOf(cause: unknown): CaptureError {
    return new CaptureError(`Open vSwitch at ${this.#options.place}: ${messageOf(cause)}`, { cause });
  }

  #rowsWent(tables: Json): void {
    const went = new Set(Object.values(objectOf(tables)).flatMap((rows) => Object.keys(objectOf(rows))));
    for (const [run, { row, gone }] of this.#owners) {
      if (row === undefined || !went.has(row)) continue;
      this.#owners.delete(run);
      gone(new CaptureError('somebody removed from Open vSwitch what this capture needs there'));
    }
  }

  async #removeUnowned(client: OvsdbClient): Promise<void> {
    const where = isOfHost(this.#options.hostId);
    const questions = MARKED.map(([table]) => ({
      op: 'select',
      table,
      where,
      columns: ['_uuid', 'external_ids'],
    }));
    const rows = await this.#ask(client, questions, (results) => {
      const unowned = (result: Json | undefined): string[] =>
        listOf(objectOf(result)['rows']).flatMap((columns) => {
          const row = new Row('', objectOf(columns));
          return this.#owners.has(runOf(row.map('external_ids'))) ? [] : row.uuids('_uuid');
        });
      return new Map(MARKED.map(([table], i) => [table, unowned(results[i])]));
    });
    this.#isUntidy = false;
    const count = [...rows.values()].reduce((sum, uuids) => sum + uuids.length, 0);
    if (count === 0) return;
    this.#isUntidy = true;
    await this.#ask(client, removeOperations(rows), () => {});
    this.#isUntidy = false;
    this.counters.removed += count;
    this.#options.log.info(`removed ${count} rows from Open vSwitch that earlier captures left there`);
  }

  #leftSomething(): void {
    this.#isUntidy = true;
    this.#tidySoon();
  }

  #tidySoon(): void {
    clearTimeout(this.#tidying);
    if (!this.#stopping.signal.aborted)
      this.#tidying = setTimeout(() => void this.#tidyNow(), timings.sourceLookMs);
  }

  async #tidyNow(): Promise<void> {
    if (!this.#isUntidy) return;
    const { place } = this.#options;
    try {
      const isThere = place.startsWith('tcp:') || existsSync(place);
      const client = isThere ? await this.#connected() : undefined;
      if (client !== undefined && this.#isUntidy) await this.#removeUnowned(client);
    } catch {
      // Topology tells why it cannot be reached; whoever captures is told as well.
    }
    if (this.#isUntidy) this.#tidySoon();
  }
}

/** The first row that was selected. */
export function rowIn(result: Json | undefined, uuid = ''): Row | undefined {
  const [row] = listOf(objectOf(result)['rows']);
  return row === undefined ? undefined : new Row(uuid, objectOf(row));
}

/** Of a row that was inserted. */
export function madeUuid(result: Json | undefined): string {
  return textOf(listOf(objectOf(result)['uuid'])[1]);
}

/** Throws OvsRefusal. Of several errors the first is the reason; the last may be of the commit. */
function resultsOf(result: Json): readonly Json[] {
  const results = listOf(result);
  for (const each of results) {
    const { error, details } = objectOf(each);
    if (typeof error === 'string') throw new OvsRefusal(error, textOf(details));
  }
  return results;
}
