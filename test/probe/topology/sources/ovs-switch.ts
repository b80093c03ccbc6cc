/**
 * A real Open vSwitch with its datapath in user space, in a network namespace and a folder of its own, so that one of
 * the machine is not met.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ip, tryIp } from '../live.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

export class OvsSwitch {
  readonly folder = mkdtempSync(join(tmpdir(), 'edgedive-ovsdb-'));
  readonly socket = join(this.folder, 'db.sock');
  readonly netns: string;
  readonly #env = { ...process.env, OVS_RUNDIR: this.folder };
  #database: ChildProcess | undefined;
  #switch: ChildProcess | undefined;

  constructor(netns: string) {
    this.netns = netns;
    ip(`netns add ${netns}`);
  }

  start(): void {
    execFileSync('ovsdb-tool', ['create', join(this.folder, 'conf.db'), SCHEMA]);
    this.startDatabase();
    this.#switch = this.#spawn('ovs-vswitchd', `unix:${this.socket}`, `--unixctl=${this.folder}/vs.ctl`);
    this.vsctl('--retry', 'init');
  }

  startDatabase(): void {
    const files = [join(this.folder, 'conf.db'), `--remote=punix:${this.socket}`];
    this.#database = this.#spawn('ovsdb-server', ...files, `--unixctl=${this.folder}/db.ctl`);
  }

  async killDatabase(): Promise<void> {
    await end(this.#database);
    rmSync(join(this.folder, 'db.ctl'), { force: true });
  }

  /** Waits until the switch has done it. */
  vsctl(...words: string[]): string {
    const all = [`--db=unix:${this.socket}`, '--timeout=10', ...words];
    return execFileSync('ovs-vsctl', all, { env: this.#env, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  async stop(): Promise<void> {
    await Promise.all([end(this.#switch), end(this.#database)]);
    tryIp(`netns del ${this.netns}`);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(...command: string[]): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.netns, ...command], { env: this.#env, stdio: 'ignore' });
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
