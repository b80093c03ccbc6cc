/**
 * One capture through Open vSwitch: rows in its database and a capture of what the switch then hands over. Whatever ends
 * one of the two ends the other, and in whatever order things happen, nothing stays behind.
 */
import { randomUUID } from 'node:crypto';
import type { Json } from '../../../core/graph/element.ts';
import { CaptureError, type CaptureHandle, type CaptureSpec, type CaptureStats } from '../capture-source.ts';
import type { OvsDatabase } from './ovs-database.ts';
import type { Mark, Operation } from './ovs-rows.ts';

/** What the two ways of opening one work with. */
export interface Opening {
  readonly database: OvsDatabase;
  readonly mark: Mark;
  /** As in OvsDatabase.make; `rowsOf` tells from the answers which rows are to be removed at the end. */
  make(
    operations: readonly Operation[],
    watchedAt: number,
    rowsOf: (results: readonly Json[]) => ReadonlyMap<string, readonly string[]>,
  ): Promise<void>;
  /** Opens what receives the packets or datagrams. */
  receive(open: (lost: (error: CaptureError) => void) => Promise<CaptureHandle>): Promise<void>;
}

/** What the capture's state says beside the figures. */
export type Shown = Pick<CaptureHandle, 'fallback' | 'socket'>;

export class OvsCapture {
  readonly #database: OvsDatabase;
  readonly #mark: Mark;
  readonly #lost: (error: CaptureError) => void;
  #rows: ReadonlyMap<string, readonly string[]> | undefined;
  #inner: CaptureHandle | undefined;
  #failure: CaptureError | undefined;
  #isOpen = false;
  #ending: Promise<void> | undefined;
  shown: Shown = {};

  constructor(
    database: OvsDatabase,
    hostId: string,
    captureId: CaptureSpec['captureId'],
    lost: (error: CaptureError) => void,
  ) {
    this.#database = database;
    this.#mark = { hostId, captureId, run: randomUUID() };
    this.#lost = lost;
  }

  /** Rejects with CaptureError; nothing is left then. */
  async begin(open: (opening: Opening) => Promise<Shown>): Promise<void> {
    const fail = (error: CaptureError) => this.#fail(error);
    try {
      this.shown = await open({
        database: this.#database,
        mark: this.#mark,
        make: async (operations, watchedAt, rowsOf) => {
          this.#rows = rowsOf(await this.#database.make(this.#mark.run, operations, watchedAt, fail));
        },
        receive: async (openInner) => {
          this.#inner = await openInner(fail);
        },
      });
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ending !== undefined) throw new CaptureError('the probe is ending');
      this.#isOpen = true;
    } catch (error) {
      await this.#undo();
      throw error;
    }
  }

  stats(): CaptureStats {
    return this.#inner?.stats() ?? { packetsReceived: 0, packetsDropped: 0, flows: 0 };
  }

  /** Never rejects. */
  close(): Promise<void> {
    this.#isOpen = false;
    return (this.#ending ??= this.#undo());
  }

  #fail(error: CaptureError): void {
    this.#failure ??= error;
    if (!this.#isOpen) return;
    void this.#end(error);
  }

  async #end(error: CaptureError): Promise<void> {
    await this.close();
    this.#lost(error);
  }

  /** Packets first: what they came to is still there then. */
  async #undo(): Promise<void> {
    const [inner, rows] = [this.#inner, this.#rows];
    this.#rows = undefined;
    await inner?.close();
    if (rows !== undefined) await this.#database.remove(this.#mark.run, rows);
  }
}
