/** Questions on the terminal; answers to secret ones are not shown. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { usageError } from './errors.ts';

/** Throws CommandError `usage` when there is nobody to ask. */
export async function askFor(question: string, isSecret: boolean): Promise<string> {
  if (!process.stdin.isTTY)
    throw usageError(`${question}: no terminal to ask on; give it as an option or a variable`);
  process.stderr.write(`${question}: `);
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: isSecret ? muted : process.stderr,
    terminal: true,
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(usageError(`${question}: nothing was given`)));
    });
  } finally {
    lines.close();
    if (isSecret) process.stderr.write('\n');
  }
}
