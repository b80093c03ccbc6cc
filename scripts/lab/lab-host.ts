/**
 * One host of the laboratory: network, mounts and host name of its own, held by a process that waits for its standard
 * input to end. So a host is gone when whoever made it is gone, however that ended, and nothing on the machine
 * carries its name (docs/decisions/0030-lab-hosts-are-processes.md). Its `ip netns` folder is its own too.
 */
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

/** As root of the new namespaces: their name, an empty folder of network namespaces, and then waiting. */
const HOLD = `set -e
echo "$1" > /proc/sys/kernel/hostname
mkdir -p /var/run/netns
mount -t tmpfs -o mode=755 lab /var/run/netns
ip link set lo up
echo ready
exec cat > /dev/null`;

export class LabHost {
  readonly name: string;
  readonly #holder: ChildProcess;

  private constructor(name: string, holder: ChildProcess) {
    this.name = name;
    this.#holder = holder;
  }

  /** Rejects with what the kernel says where namespaces cannot be made. */
  static async create(name: string): Promise<LabHost> {
    const command = ['--net', '--mount', '--uts', '--', 'sh', '-c', HOLD, 'edgedive-lab', name];
    const holder = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'pipe'] });
    let printed = '';
    holder.stderr.on('data', (text: Buffer) => (printed += text.toString()));
    const ready = new Promise<void>((resolve, reject) => {
      holder.on('error', reject);
      holder.on('exit', () => reject(new Error(`host ${name} cannot be made: ${printed.trim()}`)));
      holder.stdout.once('data', () => resolve());
    });
    await ready;
    return new LabHost(name, holder);
  }

  get pid(): number {
    return this.#holder.pid!;
  }

  /** Its network namespace, as a file. */
  get netnsFile(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** What stands before a command to run it on this host, for people and for us. */
  get enter(): readonly string[] {
    return ['nsenter', '--target', String(this.pid), '--net', '--mount', '--uts', '--'];
  }

  /** Runs a command on the host and gives its output. Throws with what it printed when it fails. */
  run(command: string, ...args: string[]): string {
    const [first, ...rest] = [...this.enter, command, ...args];
    try {
      return execFileSync(first!, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      throw new Error(`${this.name}: ${command} ${args.join(' ')}: ${String(stderr ?? error).trim()}`, {
        cause: error,
      });
    }
  }

  /** `ip` on the host, one command a line. */
  ip(...commands: string[]): void {
    for (const command of commands) this.run('ip', ...command.split(' '));
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const [first, ...rest] = [...this.enter, command, ...args];
    return spawn(first!, rest, options);
  }

  /** Resolves when the holder is gone; the namespaces go with the last process in them. */
  async remove(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const gone = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await gone;
  }
}
