/** How a command ends, by exit status; documented in docs/cli.md. */
export const exitStatus = {
  ok: 0,
  /** The analyzer refused, or answered with an error. */
  refused: 1,
  /** The command line is wrong; nothing was asked. */
  usage: 2,
  /** No analyzer there, or it went away. */
  unreachable: 3,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Ends the command with one line on stderr. */
export class CommandError extends Error {
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.status = status;
  }
}

export function usageError(message: string): CommandError {
  return new CommandError(exitStatus.usage, message);
}
