/** A command of the checkout run as a user runs it, with its output kept and its end awaited. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

export class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr!.on('data', (text: Buffer) => (this.stderr += text.toString()));
  }

  /** `node scripts/run.mjs <task> …`, which is what the scripts of package.json run. */
  static task(task: string, args: readonly string[], env?: NodeJS.ProcessEnv): Running {
    return new Running(process.execPath, ['scripts/run.mjs', task, ...args], env);
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves with the match once stdout has it; rejects with all output when the process ends first or time is over. */
  async printed(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    const giveUpAt = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (this.ended || Date.now() > giveUpAt)
        throw new Error(`never printed ${pattern}:\n${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Resolves with the exit status, or the signal that ended it; SIGKILL and a rejection when it takes too long. */
  async end(timeoutMs = 15_000): Promise<number | NodeJS.Signals> {
    if (!this.ended) {
      const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
      const started = Date.now();
      await once(this.child, 'exit');
      clearTimeout(timer);
      if (Date.now() - started >= timeoutMs)
        throw new Error(`did not end in ${timeoutMs} ms:\n${this.stderr}`);
    }
    return this.child.exitCode ?? this.child.signalCode!;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.end();
  }
}
