/** A probe on a host of the laboratory: it sees that host's namespaces only, and ends when its standard input does. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../process/paths.ts';
import type { LabHost } from './lab-host.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

/** Goodbye and the last flows take about two seconds at most. */
const END_MS_MAX = 5_000;

export class LabProbe {
  readonly host: LabHost;
  readonly #tunnel: Tunnel;
  readonly #onLine: (line: string) => void;
  #child: ChildProcess | undefined;
  /** All that it printed. */
  output = '';

  /** `analyzer` as seen from here, http://host:port. */
  constructor(host: LabHost, analyzer: URL, onLine: (line: string) => void = () => {}) {
    this.host = host;
    this.#onLine = onLine;
    const port = Number(analyzer.port || 80);
    this.#tunnel = openTunnel(host.netnsFile, { host: analyzer.hostname.replace(/^\[|\]$/g, ''), port });
    this.start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Again after a `kill`. */
  start(): void {
    const args = ['--analyzer', `http://127.0.0.1:${this.#tunnel.port}`, '--host-id', this.host.name];
    const child = this.host.spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, 'probe/main.ts'), ...args, '--parent-watch'],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#child = child;
    child.stdin!.on('error', () => {});
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => {
        this.output += text.toString();
        for (const line of text.toString().trimEnd().split('\n')) this.#onLine(line);
      });
  }

  /** As if its host had lost it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** In order, with a goodbye; killed when that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => void this.kill(), END_MS_MAX);
    await this.kill('SIGTERM');
    clearTimeout(timer);
    this.#tunnel.close();
  }
}
