/**
 * A Docker engine of our own (Debian's dockerd) in a folder, without bridges and packet filters, with an image that
 * is an empty folder: its containers run the machine's own programs, mounted into them.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../../core/errors.ts';
import { hasCommand } from './commands.ts';

export const hasDocker = hasCommand('dockerd');
export const whyNoDocker = 'needs root and dockerd (apt: docker.io)';

const IMAGE = 'edgedive-test';
/** What a program of the machine needs to run. */
const PROGRAMS = ['/bin', '/lib', '/lib64', '/usr'].filter((path) => existsSync(path));
const START_MS_MAX = 20_000;

export interface ContainerOptions {
  readonly network?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export class DockerEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'edgedive-docker-'));
  readonly socket = join(this.folder, 'docker.sock');
  #daemon: ChildProcess | undefined;

  /** Starts it and tries a container; the reason when this machine does not let an engine run one. */
  async startOrSay(): Promise<string | undefined> {
    try {
      await this.start();
      await this.importImage();
      await this.run('trial');
      await this.remove('trial');
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async start(): Promise<void> {
    const file = (name: string): string => join(this.folder, name);
    const settings = {
      iptables: 'false',
      ip6tables: 'false',
      bridge: 'none',
      'storage-driver': 'vfs',
      'live-restore': 'true',
      'data-root': file('root'),
      'exec-root': file('exec'),
      pidfile: file('pid'),
      host: `unix://${this.socket}`,
    };
    const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    this.#daemon = spawn('dockerd', options, { stdio: 'ignore' });
    const end = Date.now() + START_MS_MAX;
    while (!(await this.#answers())) {
      if (this.#daemon.exitCode !== null) throw new Error('dockerd ended at once');
      if (Date.now() > end) throw new Error('dockerd does not answer');
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
  }

  /** The image that `run` runs. Once is enough. */
  async importImage(): Promise<void> {
    const empty = execFileSync('tar', ['-c', '-C', this.folder, '--files-from', '/dev/null']);
    await this.ask('POST', `/images/create?fromSrc=-&repo=${IMAGE}&tag=latest`, empty);
  }

  /** Starts a container that sleeps; its id. */
  async run(name: string, { network = 'none', labels = {} }: ContainerOptions = {}): Promise<string> {
    const made = await this.ask('POST', `/containers/create?name=${name}`, {
      Image: IMAGE,
      Cmd: ['/bin/sleep', '600'],
      Labels: labels,
      HostConfig: { NetworkMode: network, Binds: PROGRAMS.map((path) => `${path}:${path}:ro`) },
    });
    const { Id } = JSON.parse(made) as { Id: string };
    await this.ask('POST', `/containers/${Id}/start`);
    return Id;
  }

  async remove(name: string): Promise<void> {
    await this.ask('DELETE', `/containers/${name}?force=1`);
  }

  /** The engine alone; its containers live on (`live-restore`), and `start` brings it back. */
  async leave(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    await gone;
  }

  /** All of it: containers, engine, files. */
  async stop(): Promise<void> {
    if (this.#daemon !== undefined && (await this.#answers())) {
      const all = JSON.parse(await this.ask('GET', '/containers/json?all=1')) as { Id: string }[];
      await Promise.all(all.map(({ Id }) => this.remove(Id)));
    }
    await this.leave();
    execFileSync('sh', ['-c', `umount -l ${this.folder}/exec/netns/* ${this.folder}/root 2>/dev/null; true`]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The answer's text. Throws when it is an error. */
  ask(method: string, path: string, body?: unknown): Promise<string> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.socket, method, path, headers: { 'Content-Type': type } };
      const asking = request(options, (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => (text += part.toString()));
        answer.on('end', () => {
          if ((answer.statusCode ?? 0) < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        });
      });
      asking.on('error', reject);
      asking.end(bytes);
    });
  }

  async #answers(): Promise<boolean> {
    try {
      await this.ask('GET', '/_ping');
      return true;
    } catch {
      return false;
    }
  }
}
