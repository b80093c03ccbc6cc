/**
 * Capture types of Open vSwitch: `ovsmirror` on its ports, `ovssflow` and `ovsnetflow` on its bridges. The switch is told
 * through its database to hand over what it sees; packets and datagrams then come the way of all others
 * (`../packet-sources.ts`, `../exporter/`), under the TID of the port or bridge.
 */
import { CaptureError, type CaptureHandle, type CaptureSource, type CaptureSpec } from '../capture-source.ts';
import { OvsCapture } from './ovs-capture.ts';
import { OvsDatabase } from './ovs-database.ts';
import { openExport } from './ovs-export.ts';
import { openMirror } from './ovs-mirror.ts';
import type { OvsSourceOptions } from './ovs-options.ts';

export class OvsSource implements CaptureSource {
  readonly #options: OvsSourceOptions;
  readonly #database: OvsDatabase;
  readonly #open = new Set<OvsCapture>();

  constructor(options: OvsSourceOptions) {
    this.#options = options;
    this.#database = new OvsDatabase(options);
  }

  /** Removes from the database what captures of an earlier run left there, now or when it can be reached. */
  tidy(): void {
    this.#database.tidy();
  }

  async open(spec: CaptureSpec, lost: (error: CaptureError) => void): Promise<CaptureHandle> {
    const { ovs } = spec;
    if (ovs === undefined)
      throw new CaptureError('this type of capture needs a port or bridge of Open vSwitch');
    const how = ovs.type === 'ovsmirror' ? openMirror : openExport;
    const capture = new OvsCapture(this.#database, this.#options.hostId, spec.captureId, (error) => {
      this.#open.delete(capture);
      lost(error);
    });
    this.#open.add(capture);
    try {
      await capture.begin((opening) => how({ ...spec, ovs }, opening, this.#options));
    } catch (error) {
      this.#open.delete(capture);
      throw error;
    }
    return {
      ...capture.shown,
      stats: () => capture.stats(),
      close: async () => {
        await capture.close();
        this.#open.delete(capture);
      },
    };
  }

  /** Flush and pace are the business of the sources that the packets and datagrams come through. */
  async flush(): Promise<void> {}

  setPace(): void {}

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((capture) => capture.close()));
    this.#database.stop();
  }

  /** `removed`: rows of earlier captures. */
  status(): Readonly<Record<string, unknown>> {
    return { open: this.#open.size, ...this.#database.counters };
  }
}
