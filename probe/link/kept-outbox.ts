/** An outbox, on disk where there is a folder for it (spool.ts), and the order in which what is kept there and what is new are sent. */
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../log.ts';
import type { ProbeIdentity } from './analyzer-socket.ts';
import type { FlowLink } from './flow-link.ts';
import { deliverLeftovers, type Leftovers } from './leftovers.ts';
import { Outbox } from './outbox.ts';
import { Spool } from './spool.ts';

export interface KeptOutboxOptions {
  /** undefined: memory alone. */
  readonly folder: string | undefined;
  readonly analyzer: string;
  readonly identity: ProbeIdentity;
  readonly log: Log;
}

export class KeptOutbox {
  readonly outbox: Outbox;
  readonly #options: KeptOutboxOptions;
  readonly #folder: string | undefined;
  readonly #spool: Spool | undefined;
  #leftovers: Leftovers | undefined;

  /** Without a folder that can be written it is an outbox in memory, and says so. */
  constructor(options: KeptOutboxOptions) {
    this.#options = options;
    const { folder, identity } = options;
    this.#folder = folder && join(folder, encodeURIComponent(identity.hostId));
    this.#spool = this.#open();
    this.outbox = new Outbox({ spool: this.#spool });
  }

  #open(): Spool | undefined {
    if (this.#folder === undefined) return undefined;
    try {
      return new Spool(this.#folder, this.#options.identity.incarnation);
    } catch (error) {
      this.#options.log.warn(`flows are kept in memory alone: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The link begins when what earlier runs left is delivered. */
  start(link: FlowLink): void {
    const { analyzer, identity, log } = this.#options;
    if (this.#folder === undefined || this.#spool === undefined) {
      link.start();
      return;
    }
    this.#leftovers = deliverLeftovers(this.#folder, analyzer, identity, log);
    void this.#leftovers.delivered.then(() => link.start());
  }

  /** What is not delivered by now stays on disk for the next run. */
  end(): void {
    this.#leftovers?.end();
    this.#spool?.close();
  }
}
