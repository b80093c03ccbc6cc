/**
 * `edgedive shell`: a line is a Gremlin query, or JavaScript with the analyzer's API at hand. What a query answered last is `_`, so that
 * the next line goes on with it.
 */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { start, type REPLEval } from 'node:repl';
import { Command } from 'commander';
import { messageOf } from '../../core/errors.ts';
import { exitStatus } from '../errors.ts';
import { harmless, note } from '../output.ts';
import { analyzerOf } from './common.ts';

const HELP = `G.V().Has('Type', 'bridge')      a Gremlin query
_.length                         the last answer, in JavaScript
await Gremlin('G.V().Count()')   the same, as a value
await ask('GET', '/api/capture') any request; a third argument is its body
`;

export function shellCommand(): Command {
  return new Command('shell')
    .description('ask line by line: Gremlin, or JavaScript over the same API')
    .action(async (_options, self: Command) => {
      const analyzer = analyzerOf(self);
      const gremlin = (query: string): Promise<unknown> => analyzer.query(query);
      const repl = start({
        prompt: 'edgedive> ',
        ignoreUndefined: true,
        writer: (value: unknown) => harmless(JSON.stringify(value, null, 2) ?? String(value)),
      });
      const evaluate = repl.eval;
      const answer = async (line: string): Promise<unknown> => {
        try {
          return await gremlin(line.trim());
        } catch (error) {
          note(messageOf(error));
          return undefined;
        }
      };
      let last: Promise<void> = Promise.resolve();
      // Lines that come from a pipe wait for those before them.
      const inOrder: REPLEval = (line, context, file, done) => {
        const before = last;
        last = (async () => {
          await before;
          if (/^\s*g\s*\./i.test(line)) return done(null, await answer(line));
          const outcome = await new Promise<[Error | null, unknown]>((resolve) => {
            evaluate.call(repl, line, context, file, (...both) => resolve(both));
          });
          done(...outcome);
        })();
      };
      (repl as { eval: REPLEval }).eval = inOrder;
      Object.assign(repl.context, {
        Gremlin: gremlin,
        ask: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
          analyzer.json({ method, path, ...(body !== undefined && { body: JSON.stringify(body) }) }),
      });
      repl.defineCommand('examples', {
        help: 'what may stand on a line',
        action() {
          process.stdout.write(HELP);
          this.displayPrompt();
        },
      });
      await remember(repl);
      await new Promise<void>((resolve) => repl.on('exit', resolve));
      await last;
      process.exitCode = exitStatus.ok;
    });
}

/** Lines of earlier times, in the user's folder of state; without one there are none. */
async function remember(repl: ReturnType<typeof start>): Promise<void> {
  const folder = join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'edgedive');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    return;
  }
  await new Promise<void>((resolve) => repl.setupHistory(join(folder, 'history'), () => resolve()));
}
