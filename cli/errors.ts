/** How a command ends, by exit status. */
export const exitStatus = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** What `edgedive help exit-codes` and docs/cli.md say of each. */
export const exitStatusTexts: Readonly<Record<ExitStatus, string>> = {
  [exitStatus.ok]: 'done',
  [exitStatus.refused]: 'the analyzer refused; its words are on stderr',
  [exitStatus.usage]: 'the command line is wrong; nothing was sent',
  [exitStatus.unreachable]: 'no analyzer there, or it went away',
};
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
