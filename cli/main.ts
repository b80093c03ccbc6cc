/** `edgedive COMMAND …`: runs one command; docs/cli.md tells them all, with the exit statuses. */
import { CommanderError, type Command } from 'commander';
import { messageOf } from '../core/errors.ts';
import { CommandError, exitStatus } from './errors.ts';
import { note } from './output.ts';
import { makeProgram } from './program.ts';

/** Wrong usage ends with 2, whichever command found it. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) throwInsteadOfExit(inner);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  const isOurs = error instanceof CommandError;
  note(`edgedive: ${messageOf(error)}`);
  return isOurs ? error.status : exitStatus.refused;
}

// A reader that has seen enough (`| head`) ends us quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitStatus.ok : exitStatus.refused);
});

const program = makeProgram();
throwInsteadOfExit(program);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = statusOf(error);
}
