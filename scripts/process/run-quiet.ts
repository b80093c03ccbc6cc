/** A tool run to its end with what it printed kept: shown only when it fails. */
import { spawn } from 'node:child_process';

export interface Quiet {
  readonly ok: boolean;
  /** Standard output and standard error in the order in which they came. */
  readonly output: string;
  readonly ms: number;
}

/** Never rejects; a command that cannot be started is a failure whose output says why. */
export function runQuiet(command: string, args: readonly string[], cwd: string): Promise<Quiet> {
  const started = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = (ok: boolean) =>
      resolve({ ok, output: Buffer.concat(chunks).toString(), ms: performance.now() - started });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(error.message));
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}
